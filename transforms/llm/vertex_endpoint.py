"""An open model deployed on a Vertex AI endpoint, by the prediction client of google-cloud-aiplatform."""

from __future__ import annotations

import re
from typing import Any

from persona_hub.transforms.calls.clients.failures import error_of
from persona_hub.transforms.calls.clients.google import DEFAULT_CREDENTIALS, project_of
from persona_hub.transforms.calls.clients.http import ANSWER_BYTES
from persona_hub.transforms.calls.clients.said import Said, said_of
from persona_hub.transforms.calls.protocol import ModelConfig, ModelError, Verdict
from persona_hub.transforms.errors import InvalidInputError
from persona_hub.transforms.llm.dialects.answers import chat_answer, completed
from persona_hub.transforms.llm.dialects.dialect import Dialect
from persona_hub.transforms.llm.dialects.negotiation import Negotiation
from persona_hub.transforms.llm.protocol import Completion, Request, well_formed

INSECURE = "http://"  # a server on this machine, without TLS
FULL_NAME = re.compile(r"projects/[^/]+/locations/([^/]+)/endpoints/[^/]+")
# Bytes of an answer, and no compression, which could hold a thousand times as many.
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", ANSWER_BYTES),
    ("grpc.compression_enabled_algorithms_bitset", 1),
)
CHAT = {"@requestFormat": "chatCompletions"}  # what Model Garden's vLLM containers take inside of an instance


class VertexEndpointModel:
    """`vertex-endpoint:ID`, or the endpoint's full name; --llm_base_url for a dedicated endpoint's own host."""

    def __init__(self, config: ModelConfig):
        from google.api_core import exceptions
        from google.api_core.client_options import ClientOptions
        from google.cloud.aiplatform_v1.services.prediction_service import PredictionServiceAsyncClient
        from google.cloud.aiplatform_v1.types import PredictRequest

        self.request_type, self.errors, self.timeout = PredictRequest, exceptions, config.timeout
        self.endpoint = config.name.partition(":")[2]
        self.negotiation = Negotiation(config, Dialect())
        if not self.endpoint:
            raise InvalidInputError(
                f"{config.flag} {config.name}: name the endpoint too, such as vertex-endpoint:1234567890"
            )
        if "/" in self.endpoint:
            named = FULL_NAME.fullmatch(self.endpoint)
            if not named:
                raise InvalidInputError(
                    f"--llm {config.name}: must be ID or projects/PROJECT/locations/PLACE/endpoints/ID"
                )
            location = named[1]
        else:
            project, location = project_of(config)
            self.endpoint = f"projects/{project}/locations/{location}/endpoints/{self.endpoint}"
        host = config.base_url or f"{location}-aiplatform.googleapis.com"
        if host.startswith(INSECURE):
            self.client = PredictionServiceAsyncClient(transport=_insecure(host.removeprefix(INSECURE)))
        else:
            options = ClientOptions(api_endpoint=host.removeprefix("https://"))
            self.client = PredictionServiceAsyncClient(transport=_bounded, client_options=options)

    async def complete(self, request: Request) -> Completion:
        """The answer to one request. Raises ModelError."""
        return completion_of_prediction(await self.negotiation.ask("", request, self._predict), request)

    async def _predict(self, body: dict[str, Any]) -> Any:
        from google.protobuf import json_format

        message = self.request_type(endpoint=self.endpoint)
        raw = self.request_type.pb(message)
        json_format.ParseDict({"instances": [instance_of(body)]}, raw)
        try:
            answer = await self.client.predict(message, timeout=self.timeout, retry=None)
        except self.errors.GoogleAPICallError as error:
            raise error_of(said_by(error), _asked_delay(error), DEFAULT_CREDENTIALS) from None
        return json_format.MessageToDict(type(answer).pb(answer)).get("predictions")

    async def close(self) -> None:
        """Frees connections."""
        await self.client.transport.close()


def instance_of(body: dict[str, Any]) -> dict[str, Any]:
    """A chat completion's request as one instance, which names no model.

    (vLLM's own word for the form, `guided_json`, is gone since its version 0.12.)
    """
    return CHAT | {name: value for name, value in body.items() if name != "model"}


def completion_of_prediction(predictions: Any, request: Request | None = None) -> Completion:
    """The answer among the predictions: a chat completion, or only a text as other containers give it."""
    try:
        first = predictions[0] if isinstance(predictions, list) else predictions
        if isinstance(first, str):
            return completed(well_formed(first), "", "", (None,) * 4, request)
        return chat_answer(first, request)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ModelError("unreadable-response", type(error).__name__, verdict=Verdict.WAIT, paid=True) from error


def said_by(error: Any) -> Said:
    """What a gRPC error says."""
    status = getattr(getattr(error, "grpc_status_code", None), "name", "")
    return said_of(int(error.code or 500), {"error": {"message": error.message, "status": status}})


def _bounded(**given: Any) -> Any:
    """The client's transport, with messages within bounds: of itself it takes any length."""
    from google.cloud.aiplatform_v1.services.prediction_service.transports import (
        PredictionServiceGrpcAsyncIOTransport as Transport,
    )

    def channel(*address: Any, **options: Any) -> Any:
        return Transport.create_channel(*address, **(options | {"options": CHANNEL_OPTIONS}))

    return Transport(**(given | {"channel": channel}))


def _insecure(address: str) -> Any:
    import grpc
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.aiplatform_v1.services.prediction_service.transports import (
        PredictionServiceGrpcAsyncIOTransport as Transport,
    )

    channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
    return Transport(channel=channel, credentials=AnonymousCredentials())


def _asked_delay(error: Any) -> float | None:
    """Seconds of a RetryInfo among the details of an error."""
    for detail in getattr(error, "details", None) or []:
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None
