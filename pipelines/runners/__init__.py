"""How a pipeline is run: on this machine, on Flink, on Dataflow."""
