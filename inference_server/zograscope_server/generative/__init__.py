"""Generators that dream: trained on a collection, or brought, and walked through."""
