"""The bodies that Loki answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from integrations.sandbox.platform.loki.pipeline import Found
from integrations.sandbox.platform.loki.samples import Key, Line, Steps, key, shown
from integrations.sandbox.platform.loki.values import instant, written

Body = dict[str, Any]
CATEGORIZED: Final = "categorize-labels"
_SUMMED: Final = (
    "headChunkBytes", "headChunkLines", "decompressedBytes", "decompressedLines", "compressedBytes", "totalDuplicates",
    "postFilterLines", "headChunkStructuredMetadataBytes", "decompressedStructuredMetadataBytes",
)  # fmt: skip
_OBJECTS: Final = (
    "prePredicateDecompressedRows", "prePredicateDecompressedBytes", "prePredicateDecompressedStructuredMetadataBytes",
    "postPredicateRows", "postPredicateDecompressedBytes", "postPredicateStructuredMetadataBytes", "postFilterRows",
    "pagesScanned", "pagesDownloaded", "pagesDownloadedBytes", "pageBatches", "totalRowsAvailable",
    "totalPageDownloadTime", "wireBytesTransferred",
)  # fmt: skip
_CACHES: Final = (
    "chunk", "index", "result", "statsResult", "volumeResult", "seriesResult", "labelResult", "instantMetricResult",
    "logResult", "taskResult",
)  # fmt: skip
_CACHED: Final = (
    "entriesFound", "entriesRequested", "entriesStored", "bytesReceived", "bytesSent", "requests", "downloadTime",
    "queryLengthServed",
)  # fmt: skip


def _store() -> Body:
    return {
        "totalChunksRef": 0,
        "totalChunksDownloaded": 0,
        "chunksDownloadTime": 0,
        "queryReferencedStructuredMetadata": False,
        "queryUsedV2Engine": False,
        "chunk": dict.fromkeys(_SUMMED, 0),
        "chunkRefsFetchTime": 0,
        "congestionControlLatency": 0,
        "pipelineWrapperFilteredLines": 0,
        "dataobj": dict.fromkeys(_OBJECTS, 0),
    }


def stats(returned: int) -> Body:
    """Nothing is stored, so nothing was fetched; readers want the shape."""
    return {
        "summary": {
            "bytesProcessedPerSecond": 0,
            "linesProcessedPerSecond": 0,
            "totalBytesProcessed": 0,
            "totalLinesProcessed": 0,
            "execTime": 0.001,
            "queueTime": 0,
            "subqueries": 0,
            "totalEntriesReturned": returned,
            "splits": 1,
            "shards": 1,
            "totalPostFilterLines": 0,
            "totalStructuredMetadataBytesProcessed": 0,
        },
        "querier": {"store": _store(), "querierExecTime": 0},
        "ingester": {
            "totalReached": 1,
            "totalChunksMatched": 0,
            "totalBatches": 0,
            "totalLinesSent": 0,
            "store": _store(),
        },
        "cache": {name: dict.fromkeys(_CACHED, 0) for name in _CACHES},
        "index": {
            "totalChunks": 0,
            "postFilterChunks": 0,
            "shardsDuration": 0,
            "usedBloomFilters": False,
            "totalStreams": 0,
            "chunkRefsLookupTime": 0,
            "bloomFilterTime": 0,
        },
    }


def success(kind: str, result: object, returned: int, flags: Sequence[str] = ()) -> Body:
    data: Body = {"resultType": kind}
    if flags:
        data["encodingFlags"] = list(flags)
    data["result"] = result
    data["stats"] = stats(returned)
    return {"status": "success", "data": data}


def listed(values: Sequence[object]) -> Body:
    """A list of names; an empty one is no key at all."""
    return {"status": "success", "data": list(values)} if values else {"status": "success"}


def streams(found: Sequence[Found], *, categorized: bool) -> Body:
    """Lines by the labels that they ended with, each stream in the direction that was asked for."""
    grouped: dict[Key, list[list[object]]] = {}
    for each in found:
        entry = each.entry
        if categorized:
            value: list[object] = [str(each.time), entry.line, _categories(entry.metadata, entry.parsed)]
            grouped.setdefault(key(entry.stream), []).append(value)
        else:
            grouped.setdefault(key(entry.labels()), []).append([str(each.time), entry.line])
    ordered = sorted(grouped.items(), key=lambda item: shown(item[0]))
    result = [{"stream": dict(labels), "values": values} for labels, values in ordered]
    return success("streams", result, len(found), (CATEGORIZED,) if categorized else ())


def _categories(metadata: dict[str, str], parsed: dict[str, str]) -> Body:
    categories = {"structuredMetadata": metadata, "parsed": parsed}
    return {name: dict(sorted(labels.items())) for name, labels in categories.items() if labels}


def matrix(lines: list[Line] | float, steps: Steps) -> Body:
    at = [instant(step) for step in steps.tolist()]
    if isinstance(lines, float):
        values = [[when, written(lines)] for when in at]
        return success("matrix", [{"metric": {}, "values": values}], 1)
    result = [
        {
            "metric": dict(line.labels),
            "values": [
                [when, written(value)]
                for when, value, there in zip(at, line.values.tolist(), line.there.tolist(), strict=True)
                if there
            ],
        }
        for line in lines
        if line.there.any()
    ]
    return success("matrix", result, len(result))


def vector(lines: list[Line] | float, at: int) -> Body:
    """At one time; a number by itself has its time in milliseconds, as Loki's has."""
    if isinstance(lines, float):
        return success("scalar", [at, written(lines)], 1)
    result = [
        {"metric": dict(line.labels), "value": [instant(at), written(float(line.values[0]))]}
        for line in lines
        if line.there[0]
    ]
    return success("vector", result, len(result))
