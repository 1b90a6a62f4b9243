"""Faults injected on purpose, the same ones into django-dbbackup alone and into this tool.

fault.py says what a fault is, families/ has the faults, subjects.py the tools that they are
injected into, runner.py carries them out and judge.py says what it came to. `.ci/fault-campaign`
runs all of them and writes docs/faults.md; tests/backups/test_fault_campaign.py runs a few.
"""
