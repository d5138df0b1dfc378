"""How well each source is heard: what it ordinarily brings, what is out of the ordinary, how often it is asked.

Pure functions over a source's own days; `book` is the rim that adds up passes in the archive's database and reads them
back. Read in this order: `days` (the calendar), `baseline` (what is ordinary), `alarms` (what is not), `breaker` and
`cadence` (when a source is asked again), `book`.
"""
