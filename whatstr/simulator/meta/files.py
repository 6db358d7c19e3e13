"""Media: upload, look up, download, delete (facts §1 and §2)."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from aiohttp import web

from whatstr.simulator.meta.errors import GraphError
from whatstr.simulator.meta.graph import Call, Graph
from whatstr.simulator.meta.model import Line, Media

_MB = 1024 * 1024
# Which files Meta takes, and how large
_LIMITS: dict[str, int] = {
    "image/jpeg": 5 * _MB,
    "image/png": 5 * _MB,
    "image/webp": 500 * 1024,
    "video/mp4": 16 * _MB,
    "video/3gpp": 16 * _MB,
    "audio/aac": 16 * _MB,
    "audio/amr": 16 * _MB,
    "audio/mpeg": 16 * _MB,
    "audio/mp4": 16 * _MB,
    "audio/ogg": 16 * _MB,
    "text/plain": 100 * _MB,
    "application/pdf": 100 * _MB,
    "application/msword": 100 * _MB,
    "application/vnd.ms-excel": 100 * _MB,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": 100 * _MB,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": 100 * _MB,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": 100 * _MB,
}
MOST = 101 * _MB
_LIFE = 30 * 86_400.0
_URL_LIFE = 300


def register(graph: Graph) -> None:
    """The media edges."""
    world = graph.world

    @graph.edge(Line, "POST", "media")
    async def upload(call: Call, line: Line) -> dict[str, Any]:
        if not call.request.content_type.startswith("multipart/"):
            raise GraphError(100, message="(#100) A multipart form with the file is wanted.")
        form = await call.request.post()
        if form.get("messaging_product") != "whatsapp":
            raise GraphError(100, message="(#100) The parameter messaging_product is required.")
        part = form.get("file")
        if not isinstance(part, web.FileField):
            raise GraphError(100, message="(#100) The parameter file is required.")
        data = part.file.read()
        mime = str(form.get("type") or part.content_type).split(";")[0].strip()
        if mime not in _LIMITS:
            raise GraphError(100, f"files of type {mime} are not taken")
        if not data or len(data) > _LIMITS[mime]:
            raise GraphError(131053, f"{mime}: empty, or larger than {_LIMITS[mime]} bytes")
        media = Media(
            id=world.new_id("76"),
            line_id=line.id,
            waba_id=line.waba_id,
            mime=mime,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            created=time.time(),
            filename=part.filename,
        )
        world.blobs[media.id] = data
        world.store.put_blob(media.id, data)
        world.add(media)
        return {"id": media.id}

    @graph.edge(Media, "GET", "")
    async def show(call: Call, media: Media) -> dict[str, Any]:
        _alive(graph, media)
        until = int(time.time()) + _URL_LIFE
        origin = call.request.url.origin()
        return {
            "messaging_product": "whatsapp",
            "url": f"{origin}/_media/{media.id}?ext={until}&hash={_mark(graph, media, until)}",
            "mime_type": media.mime,
            "sha256": media.sha256,
            "file_size": str(media.size),
            "id": media.id,
        }

    @graph.edge(Media, "DELETE", "")
    async def delete(call: Call, media: Media) -> dict[str, Any]:
        world.remove_media(media)
        return {"success": True}


def _alive(graph: Graph, media: Media) -> None:
    if media.created < time.time() - _LIFE:
        graph.world.remove_media(media)
        raise GraphError(100, "the file was deleted after 30 days", subcode=33)


def _mark(graph: Graph, media: Media, until: int) -> str:
    told = f"{media.id}:{until}".encode()
    return hmac.new(graph.app_secret.encode(), told, hashlib.sha256).hexdigest()[:32]


def add_routes(app: web.Application, graph: Graph) -> None:
    """The address where files are fetched: the token is needed there, too."""

    async def download(request: web.Request) -> web.StreamResponse:
        try:
            token = graph.token(request)
            media = graph.world.media.get(request.match_info["media"])
            until = request.query.get("ext", "")
            if media is None or media.waba_id not in token.waba_ids or not until.isdigit():
                return web.Response(status=404)
            mark = _mark(graph, media, int(until))
            fresh = int(until) >= time.time()
            if not fresh or not hmac.compare_digest(mark, request.query.get("hash", "")):
                return web.Response(status=404)
            return web.Response(body=graph.world.blobs[media.id], content_type=media.mime)
        except GraphError as fault:
            return graph.error(fault, "")

    app.router.add_get("/_media/{media}", download)
