"""The jobs: each file reads its flags and wires one DAG."""
