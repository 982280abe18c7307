# Long runs that CI only samples. Each command says at its top what it needs.

PYTHON ?= python

.PHONY: fuzz
fuzz:  ## a million inputs for every text reader; a stopped run goes on
	PYTHONPATH=. $(PYTHON) benchmarks/fuzz.py
