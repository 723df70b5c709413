"""Vertex AI's prediction service over gRPC, as the client of google-cloud-aiplatform speaks it."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from tests.servers.models.chat import chat_completion
from tests.servers.models.server import FakeModels, Garbled, Refusal, Scripted

STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    501: grpc.StatusCode.UNIMPLEMENTED,
}


async def serve_predict(models: FakeModels) -> tuple[grpc.aio.Server, int]:
    """A server with PredictionService/Predict, and its port.

    The SDK's messages are imported at the first call: they take seconds.
    """

    async def predict(body: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        from google.cloud.aiplatform_v1.types import PredictRequest, PredictResponse
        from google.protobuf import json_format, struct_pb2

        request = PredictRequest.deserialize(body)
        message = json_format.MessageToDict(PredictRequest.pb(request))
        instance = message["instances"][0]
        models.asks({"endpoint": request.endpoint, "instance": instance})
        prompt = instance.get("prompt") or "\n".join(m["content"] for m in instance.get("messages", []))
        try:
            said = await models.answer(prompt, None, instance)
        except Scripted as scripted:
            if scripted.rule.status != 200:
                words = ((scripted.rule.json or {}).get("error") or {}).get("message", "no")
                await context.abort(STATUS[scripted.rule.status], words)
            answer = scripted.rule.json
        except Refusal as refusal:
            await context.abort(STATUS[refusal.status], "no")
        except Garbled:
            return PredictResponse.serialize(PredictResponse())
        except ConnectionResetError:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "reset")
        else:
            answer = chat_completion(said, "deployed")
        value = struct_pb2.Value()
        json_format.ParseDict(answer, value)
        response = PredictResponse()
        PredictResponse.pb(response).predictions.append(value)
        return PredictResponse.serialize(response)

    await asyncio.sleep(0)
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(predict)
    service = "google.cloud.aiplatform.v1.PredictionService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Predict": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port
