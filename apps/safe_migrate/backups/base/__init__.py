"""Base backups of our own: whole clusters by pg_basebackup, each verified, or not there at all."""
