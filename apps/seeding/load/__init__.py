"""Carrying seeds out: builds rows with the apps' factories and writes them, the same every time."""
