"""Tests of the dialects of one protocol: requests that servers refuse, and answers in every form."""
