"""Dumps of MediaWiki, which Wikipedia runs on: pages, and their wikitext as plain text."""
