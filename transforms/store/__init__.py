"""The response store: answers that were paid for, spend by stage, leases of the budget, in keys and bytes only."""
