"""Tests of tables of personas."""
