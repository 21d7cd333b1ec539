"""Runs the tables on moto and delivers their streams to functions."""
