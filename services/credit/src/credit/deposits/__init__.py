"""Deposits: the quality deposit, liability insurance, and the market regulator's risk class."""
