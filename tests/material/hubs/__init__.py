"""Hubs that tests of several rooms read."""
