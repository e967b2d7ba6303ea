"""The five upload endpoints and the list of uploads."""

from functools import partial

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body, catalogue, columns_mapping, json_rows, upload_list
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.csv_rows import CsvFile
from metrica_emulator.merge import MergeMode
from metrica_emulator.metrica import Metrica, serving
from metrica_emulator.readers import Readers
from metrica_emulator.refusal import Refusal, invalid, missing
from metrica_emulator.stage import Stage
from metrica_emulator.switches import Switches
from metrica_emulator.upload import Upload, entity_type_of

_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";"}


async def contacts_csv(request: Request) -> Response:
    """POST /data/contacts/csv (uploadContacts)."""
    return await _csv(request, CONTACTS)


async def contacts_json(request: Request) -> Response:
    """POST /data/contacts/json (uploadContactJson_1)."""
    return await _json(request, CONTACTS)


async def orders_csv(request: Request) -> Response:
    """POST /data/orders/csv (uploadOrders)."""
    return await _csv(request, ORDERS)


async def orders_json(request: Request) -> Response:
    """POST /data/orders/json (uploadOrdersJson_1)."""
    return await _json(request, ORDERS)


async def simple_orders(request: Request) -> Response:
    """POST /data/simple_orders (uploadSimpleOrders)."""
    return await _csv(request, SIMPLE_ORDERS)


async def legacy(request: Request) -> Response:
    """POST /data/contacts and /data/orders: the form is chosen by the content type."""
    if serving(request).switches.legacy_paths == "off":
        raise Refusal(404, "not_found", "There is no such method.")
    entity = CONTACTS if request.url.path.endswith("/contacts") else ORDERS
    return await (_json if body.content_type(request) == body.JSON else _csv)(request, entity)


async def last_uploadings(request: Request) -> Response:
    """GET /last_uploadings (getLastUploadings)."""
    metrica = serving(request)
    parameters = request.query_params
    limit = upload_list.limit_of(parameters.get("limit"))
    zone = upload_list.zone_of(metrica.clock, metrica.switches)
    before = upload_list.before_of(parameters.get("datetime_offset"), zone)
    if metrica.switches.capitals(parameters.get("source", "API")) != "API":
        raise invalid("The only source is API.", "source")
    after = upload_list.after_of(metrica.clock, metrica.switches)
    failed = metrica.switches.failed_listed == "on"
    rows = await metrica.ask(
        partial(upload_list.poll, limit=limit, before=before, after=after, failed=failed)
    )
    if metrica.switches.list_order == "oldest_first":
        rows.reverse()
    uploads = [upload_list.shown(row, metrica.clock, metrica.switches) for row in rows]
    return JSONResponse({"uploadings": uploads})


async def _csv(request: Request, entity: Entity) -> Response:
    metrica = serving(request)
    mode = _merge_mode(request, metrica.switches)
    delimiter = metrica.switches.capitals(request.query_params.get("delimiter_type", "COMMA"))
    if delimiter not in _DELIMITERS:
        raise invalid("delimiter_type is COMMA or SEMICOLON.", "delimiter_type")
    mapping = _mapping(request, entity, metrica.switches)
    body.check(request, body.MULTIPART)
    as_delimiter = metrica.switches.list_separator == "as_delimiter"
    separator = _DELIMITERS[delimiter] if as_delimiter else ","
    readers = await _readers(metrica, entity, separator)
    async with request.form(max_files=2, max_fields=2) as form:
        part = body.file_part(request, form)
        with _stage(metrica.switches) as stage:
            source = CsvFile(part.file, _DELIMITERS[delimiter], mapping)
            await run_in_threadpool(source.read, stage, readers)
            return await _answer(
                request,
                Upload(
                    metrica,
                    entity,
                    mode,
                    "CSV",
                    part.size or 0,
                    stage,
                    request.scope["metrica.fault"],
                ),
            )


async def _json(request: Request, entity: Entity) -> Response:
    metrica = serving(request)
    mode = _merge_mode(request, metrica.switches)
    content, size = await body.json_content(request)
    readers = await _readers(metrica, entity, ",")
    with _stage(metrica.switches) as stage:
        await run_in_threadpool(json_rows.read, content, stage, readers)
        return await _answer(
            request,
            Upload(metrica, entity, mode, "JSON", size, stage, request.scope["metrica.fault"]),
        )


async def _answer(request: Request, upload: Upload) -> Response:
    fault = request.scope["metrica.fault"]
    answer = {"uploading": await upload.finish()}
    return JSONResponse(answer, headers=fault.headers() if fault else None)


async def _readers(metrica: Metrica, entity: Entity, separator: str) -> Readers:
    known = await metrica.ask(partial(catalogue.load, entity_type=entity_type_of(entity)))
    now = metrica.clock.wall(metrica.clock.now())
    return Readers(entity, known, metrica.switches, now, separator)


def _stage(switches: Switches) -> Stage:
    return Stage(keeps_good_rows=switches.good_rows != "dropped")


def _merge_mode(request: Request, switches: Switches) -> MergeMode:
    mode = request.query_params.get("merge_mode")
    if mode is None:
        raise missing("merge_mode")
    mode = switches.capitals(mode)
    if mode not in MergeMode.__members__:
        raise invalid("merge_mode is SAVE, UPDATE or APPEND.", "merge_mode")
    return MergeMode(mode)


def _mapping(request: Request, entity: Entity, switches: Switches) -> list[tuple[str, str]]:
    parameter = request.query_params.get("columns_mapping")
    # The simplified method has no such parameter: its header holds the real names.
    if entity is SIMPLE_ORDERS:
        return []
    if parameter is None:
        if switches.columns_mapping_required == "on":
            raise missing("columns_mapping")
        return []
    return columns_mapping.parse(parameter)
