"""Keeping costs: the rate card, budgets, reservations, overhead, settings, sources and the invoice."""
