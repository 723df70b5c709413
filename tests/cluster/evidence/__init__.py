"""Reports and experiments on other runners."""
