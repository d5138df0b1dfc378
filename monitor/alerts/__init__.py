"""Alerts: rules that people make, what fires, and how it reaches those who must know.

`rule` and `firing` are pure; `watch` applies the rules to the installation; `store` keeps rules, alerts and deliveries;
`outbox` sends, through `channels`. An alert and its deliveries are written in one transaction, so that nothing is lost
however a process ends; a delivery's id is the same on every try, so that a receiver can tell a repeat.
"""
