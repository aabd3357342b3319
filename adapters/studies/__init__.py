"""Looks for the best model: Optuna proposes and remembers, the domain tries and decides."""

from adapters.studies.searching import search as search
