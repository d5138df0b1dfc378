"""A small web of our own writing, served on loopback: the demo, the tests and the benchmarks crawl it."""
