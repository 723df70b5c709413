"""The process of the server: `python -m tests.servers.llama.serve WEIGHTS PORT SLOTS CONTEXT PARENT`."""

from __future__ import annotations

import os
import sys
import time

import xllamacpp


def parameters(weights: str, port: int, slots: int, context: int) -> xllamacpp.CommonParams:
    """llama.cpp's parameters: `slots` answers at once, `context` tokens for each."""
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = weights, {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx, params.kv_unified = slots, slots * context, False
    params.n_gpu_layers, params.cpuparams.n_threads = 0, 1
    params.endpoint_metrics, params.warmup, params.cache_ram_mib = True, False, 0
    return params


def main() -> None:
    weights, *numbers = sys.argv[1:]
    port, slots, context, parent = (int(number) for number in numbers)
    server = xllamacpp.Server(parameters(weights, port, slots, context))
    print(server.listening_address, flush=True)
    while os.getppid() == parent:  # a test run that is killed leaves nothing behind
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
