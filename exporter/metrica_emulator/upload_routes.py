"""The five upload endpoints and the list of uploads."""

from functools import partial

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from metrica_emulator import body, catalogue, json_body, upload_list
from metrica_emulator.applier import MergeMode
from metrica_emulator.csv_file import CsvFile, Mapping, parse_mapping
from metrica_emulator.entities import SIMPLE_ORDERS, entity_type_of
from metrica_emulator.metrica import Metrica, serving
from metrica_emulator.readers import Readers
from metrica_emulator.refusal import invalid, missing
from metrica_emulator.stage import Stage
from metrica_emulator.switches import Switches
from metrica_emulator.upload import Upload

_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";"}


async def contacts_csv(request: Request) -> Response:
    """POST /data/contacts/csv."""
    return await _csv(request, CONTACTS)


async def contacts_json(request: Request) -> Response:
    """POST /data/contacts/json."""
    return await _json(request, CONTACTS)


async def orders_csv(request: Request) -> Response:
    """POST /data/orders/csv."""
    return await _csv(request, ORDERS)


async def orders_json(request: Request) -> Response:
    """POST /data/orders/json."""
    return await _json(request, ORDERS)


async def simple_orders(request: Request) -> Response:
    """POST /data/simple_orders."""
    return await _csv(request, SIMPLE_ORDERS)


async def last_uploadings(request: Request) -> Response:
    """GET /last_uploadings."""
    metrica = serving(request)
    parameters = request.query_params
    limit = upload_list.limit_of(parameters.get("limit"))
    zone = upload_list.zone_of(metrica.clock, metrica.switches)
    before = upload_list.before_of(parameters.get("datetime_offset"), zone)
    if parameters.get("source", "API") != "API":
        raise invalid("The only source is API.", "source")
    failed = metrica.switches.failed_listed == "on"
    rows = await metrica.store.run(
        partial(upload_list.poll, limit=limit, before=before, failed=failed)
    )
    uploads = [upload_list.shown(row, metrica.clock, metrica.switches) for row in rows]
    return JSONResponse({"uploadings": uploads})


async def _csv(request: Request, entity: Entity) -> Response:
    metrica = serving(request)
    mode = _merge_mode(request)
    delimiter = request.query_params.get("delimiter_type", "COMMA")
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
            fault = request.scope["metrica.fault"]
            return await _answer(Upload(metrica, entity, mode, "CSV", part.size or 0, stage, fault))


async def _json(request: Request, entity: Entity) -> Response:
    metrica = serving(request)
    mode = _merge_mode(request)
    content, size = await body.json_content(request)
    readers = await _readers(metrica, entity)
    with _stage(metrica.switches) as stage:
        await run_in_threadpool(json_body.read, content, stage, readers)
        fault = request.scope["metrica.fault"]
        return await _answer(Upload(metrica, entity, mode, "JSON", size, stage, fault))


async def _answer(upload: Upload) -> Response:
    answer = {"uploading": await upload.finish()}
    return JSONResponse(answer, headers=upload.fault.headers() if upload.fault else None)


async def _readers(metrica: Metrica, entity: Entity, separator: str = ",") -> Readers:
    schema = await metrica.store.run(partial(catalogue.load, entity_type=entity_type_of(entity)))
    return Readers(entity, schema, metrica.switches, separator)


def _stage(switches: Switches) -> Stage:
    return Stage(keeps_good_rows=switches.good_rows != "dropped")


def _merge_mode(request: Request) -> MergeMode:
    mode = request.query_params.get("merge_mode")
    if mode is None:
        raise missing("merge_mode")
    if mode not in MergeMode.__members__:
        raise invalid("merge_mode is SAVE, UPDATE or APPEND.", "merge_mode")
    return MergeMode(mode)


def _mapping(request: Request, entity: Entity, switches: Switches) -> Mapping:
    # The simplified method has no such parameter: its header names the attributes.
    if entity is SIMPLE_ORDERS:
        return []
    parameter = request.query_params.get("columns_mapping")
    if parameter is not None:
        return parse_mapping(parameter)
    if switches.columns_mapping_required == "on":
        raise missing("columns_mapping")
    return []
