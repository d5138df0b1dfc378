"""Serves: the HTTP API for the IOC's systems and the dashboard for people. Reads through monitor and index only."""
