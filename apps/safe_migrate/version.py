"""This tool's version, as manifests, runs and reports name it."""

VERSION = "0.1.0"
