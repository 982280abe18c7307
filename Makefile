# Long runs that CI only samples. Each command says at its top what it needs.

PYTHON ?= python

.PHONY: bench fuzz tamper
bench:  ## ratios of whole crawls, of turns taken, of several workers: wants a machine for itself, and ../shared/bench
	PYTHONPATH=. $(PYTHON) benchmarks/whole.py
	PYTHONPATH=. $(PYTHON) benchmarks/polite.py
	PYTHONPATH=. $(PYTHON) benchmarks/workers.py

fuzz:  ## a million inputs for every text reader; a stopped run goes on
	PYTHONPATH=. $(PYTHON) benchmarks/fuzz.py

tamper:  ## every kind of change at twenty places, found and named by both verifiers; CI tries one place of each
	PYTHONPATH=. $(PYTHON) benchmarks/tamper.py --places 20
