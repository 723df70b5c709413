"""The rows of one Bigtable table: opened or created, checked, read, and changed one at a time, with retries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from google.api_core import exceptions as api
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigtable import Client, column_family
from google.cloud.bigtable.data import (
    BigtableDataClient,
    DeleteAllFromRow,
    Mutation,
    ReadRowsQuery,
    RowMutationEntry,
    RowRange,
    SetCell,
    row_filters,
)
from google.cloud.bigtable_admin_v2.types import GcRule

from persona_hub.transforms.store.protocol import NOT_THERE, StoreAway, StoreError
from persona_hub.transforms.store.retry import ServerRetry

ANSWER_FAMILY, STATE_FAMILY = "a", "s"  # column families; each keeps one version of a cell, of any age
FORMAT_CELL = (b"c/format", b"version")  # row and column that hold the version of all rows
FORMAT_ROW, IDENTITY = FORMAT_CELL[0], b"identity"  # a random name given to a new table, in the same row
ROWS_VERSION = b"1"
SPLITS = [*(b"a/" + bytes([first]) for first in range(16, 256, 16)), b"c/"]  # tablets of a new table
PAGE_ROWS = 10_000
OPEN_SECONDS = 10.0  # for which a table that does not answer is tried when it is opened
OPERATION_SECONDS = 20.0  # for one read or change, and for what the client itself retries
LONGEST_PAUSE_SECONDS = 2.0  # between attempts
PASSING = (api.ServiceUnavailable, api.DeadlineExceeded, api.Aborted, api.InternalServerError, api.TooManyRequests)
OTHER_TABLE = "name another one with --response_store"


class Cell(NamedTuple):
    """The latest version of a cell."""

    value: bytes
    stamp: int  # microseconds, in whole milliseconds


class TableRows:
    """The table at bigtable://PROJECT/INSTANCE/TABLE. Every method raises StoreError; any thread may call them."""

    def __init__(self, address: str, make: bool = True):
        self.address = address
        self.retry = ServerRetry(
            address, lambda error: isinstance(error, PASSING), LONGEST_PAUSE_SECONDS, patience=OPEN_SECONDS
        )
        project, instance, table = address.removeprefix("bigtable://").split("/")
        self.name = f"projects/{project}/instances/{instance}/tables/{table}"
        try:
            self.client = BigtableDataClient(project=project)
            self.table = self.client.get_table(instance, table)
        except GoogleAuthError as error:
            raise self._no_entry(error) from error
        try:
            self._check_schema(Client(project=project, admin=True).table_admin_client, make)
            self._check_format(make)
        except BaseException:
            self.close()
            raise
        self.retry.opened()

    def read(self, keys: Sequence[bytes]) -> dict[bytes, dict[bytes, Cell]]:
        """{row: {column: cell}} of those rows that are there."""
        return self._rows(ReadRowsQuery(row_keys=list(keys))) if keys else {}

    def scan(self, prefix: bytes, limit: int | None = None) -> dict[bytes, dict[bytes, Cell]]:
        """The rows whose keys begin with `prefix`."""
        after = prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else None
        return self._rows(ReadRowsQuery(row_ranges=RowRange(prefix or None, after), limit=limit))

    def pages(self, prefix: bytes, column: bytes = b"") -> Iterator[tuple[bytes, dict[bytes, Cell]]]:
        """The rows whose keys begin with `prefix`, a page at a time: all they hold, or `column` of those with it."""
        only = [row_filters.ColumnQualifierRegexFilter(column)] if column else []
        start, after = prefix, prefix[:-1] + bytes([prefix[-1] + 1])
        while rows := self._rows(ReadRowsQuery(row_ranges=RowRange(start, after), limit=PAGE_ROWS), *only):
            yield from rows.items()
            start = max(rows) + b"\0"  # the key after the last

    def remove(self, key: bytes) -> bool:
        """Deletes a row; whether it was there."""
        return bool(self.ask(lambda: self._check(key, None, [DeleteAllFromRow()], [])))

    def remove_many(self, keys: Sequence[bytes]) -> None:
        """Deletes rows, whether they are there or not, in one question."""
        entries = [RowMutationEntry(key, DeleteAllFromRow()) for key in keys]
        if entries:
            self.ask(lambda: self.table.bulk_mutate_rows(entries, operation_timeout=OPERATION_SECONDS))

    def write(self, key: bytes, *mutations: Mutation) -> None:
        """Changes one row. The mutations must bear doing twice, and late."""
        self.ask(lambda: self.table.mutate_row(key, list(mutations), operation_timeout=OPERATION_SECONDS))

    def add(self, key: bytes, *mutations: Mutation) -> bool:
        """Changes a row that is not there; whether that was so. After a lost reply our own change may be there."""
        return not self.ask(lambda: self._check(key, None, [], list(mutations)))

    def swap(self, key: bytes, column: bytes, old: bytes | None, *mutations: Mutation) -> bool:
        """Changes a row if `column` still holds `old` (None: nothing). False after a lost reply, too: read anew."""
        holds = [row_filters.ColumnQualifierRegexFilter(column), row_filters.CellsColumnLimitFilter(1)]
        if old is not None:
            predicate = row_filters.RowFilterChain([*holds, row_filters.LiteralValueFilter(old)])
            return bool(self.ask(lambda: self._check(key, predicate, list(mutations), [])))
        predicate = row_filters.RowFilterChain(holds)
        return not self.ask(lambda: self._check(key, predicate, [], list(mutations)))

    def close(self) -> None:
        """Closes the connection."""
        self.client.close()

    def ask(self, ask: Callable[[], Any]) -> Any:
        """The server's answer, asked for again where the error passes with time."""
        try:
            return self.retry(ask)
        except PASSING as error:
            raise StoreAway(
                f"{self.address}: no answer for {self.retry.patience:.0f} s ({_first_line(error)}); {OTHER_TABLE} "
                "(what it lacks is asked, and paid, again)"
            ) from error
        except (api.GoogleAPIError, GoogleAuthError) as error:
            raise self._refused(error) from error

    def _check(self, key: bytes, predicate: Any, true: list[Mutation], false: list[Mutation]) -> bool:
        return self.table.check_and_mutate_row(
            key,
            predicate,
            true_case_mutations=true,
            false_case_mutations=false,
            operation_timeout=OPERATION_SECONDS,
        )

    def _rows(self, query: ReadRowsQuery, *only: row_filters.RowFilter) -> dict[bytes, dict[bytes, Cell]]:
        latest = row_filters.CellsColumnLimitFilter(1)
        query.filter = row_filters.RowFilterChain([latest, *only]) if only else latest
        rows = self.ask(lambda: self.table.read_rows(query, operation_timeout=OPERATION_SECONDS))
        return {
            row.row_key: {cell.qualifier: Cell(cell.value, cell.timestamp_micros) for cell in row.cells} for row in rows
        }

    def _check_schema(self, admin: Any, make: bool) -> None:
        """Makes the table where there is none; refuses one that is another program's, or forgets."""
        try:
            found = self.ask(lambda: _if_found(lambda: admin.get_table(name=self.name, timeout=OPERATION_SECONDS)))
        except StoreError as error:
            if isinstance(error.__cause__, api.PermissionDenied):
                return  # who may read and write rows need not be let in here
            raise
        if found is None:
            if not make:
                raise StoreError(f"{self.address}: {NOT_THERE}")
            with suppress(api.AlreadyExists):  # another process was first
                self._make(admin)
            found = self.ask(lambda: admin.get_table(name=self.name, timeout=OPERATION_SECONDS))
        families = dict(found.column_families)
        if set(families) != {ANSWER_FAMILY, STATE_FAMILY}:
            names = ", ".join(sorted(families)) or "none"
            raise StoreError(f"{self.address}: is some other program's table (column families: {names}); {OTHER_TABLE}")
        if old := [name for name, family in families.items() if forgets(family.gc_rule)]:
            raise StoreError(
                f"{self.address}: the column family {old[0]} throws cells out by age, and answers that were paid with "
                f"them; set its garbage collection to maxversions=1: cbt setgcpolicy {self.table.table_id} {old[0]} "
                "maxversions=1"
            )

    def _make(self, admin: Any) -> None:
        rule = column_family.MaxVersionsGCRule(1).to_pb()
        instance, _, table = self.name.partition("/tables/")
        request = {
            "parent": instance,
            "table_id": table,
            "table": {"column_families": {name: {"gc_rule": rule} for name in (ANSWER_FAMILY, STATE_FAMILY)}},
            "initial_splits": [{"key": key} for key in SPLITS],
        }
        try:
            self.ask(lambda: _unless_exists(lambda: admin.create_table(request=request, timeout=60.0)))
        except StoreError as error:
            project, name = instance.split("/")[1::2]
            raise StoreError(
                f"{self.address}: there is no such table, and it cannot be made ({_first_line(error.__cause__)}); "
                "make it: "
                f"gcloud bigtable instances tables create {table} --project={project} --instance={name} "
                f'--column-families="{ANSWER_FAMILY}:maxversions=1,{STATE_FAMILY}:maxversions=1"'
            ) from error

    def _check_format(self, make: bool) -> None:
        """Marks a new table; refuses one of another version, and rows that are some other program's."""
        row, column = FORMAT_CELL
        version = self._format()
        if version is None:
            if self.scan(b"", limit=1) and self._format() is None:
                raise StoreError(f"{self.address}: holds rows of some other program; {OTHER_TABLE}")
            if not make:
                raise StoreError(f"{self.address}: {NOT_THERE}")
            self.swap(row, column, None, SetCell(STATE_FAMILY, column, ROWS_VERSION))
            version = self._format()
        if version != ROWS_VERSION:
            there = (version or b"").decode(errors="replace")[:20]
            raise StoreError(
                f"{self.address}: was written in version {there} of the format, this program reads "
                f"{ROWS_VERSION.decode()}; use the release that wrote it, or {OTHER_TABLE}"
            )

        if make and not self.read_identity():  # new, or of an earlier release
            name = secrets.token_hex(8).encode()
            self.swap(FORMAT_ROW, IDENTITY, None, SetCell(STATE_FAMILY, IDENTITY, name))

    def read_identity(self) -> str:
        """The name that the table was given when it was made; "" where only an earlier release has used it."""
        cell = self.read([FORMAT_ROW]).get(FORMAT_ROW, {}).get(IDENTITY)
        return cell.value.decode() if cell else ""

    def _format(self) -> bytes | None:
        row, column = FORMAT_CELL
        cell = self.read([row]).get(row, {}).get(column)
        return cell.value if cell else None

    def _refused(self, error: BaseException) -> StoreError:
        match error:
            case GoogleAuthError() | api.PermissionDenied() | api.Unauthenticated():
                return self._no_entry(error)
            case api.FailedPrecondition():
                return StoreError(
                    f"{self.address}: {_first_line(error)}; its default app profile must route to a single cluster and "
                    "allow single-row transactions"
                )
        return StoreError(f"{self.address}: {_first_line(error)}; mend that, or {OTHER_TABLE}")

    def _no_entry(self, error: BaseException) -> StoreError:
        return StoreError(
            f"{self.address}: {_first_line(error)}; give the workers' account the role roles/bigtable.user "
            "(application default credentials)"
        )


def forgets(rule: GcRule) -> bool:
    """Whether garbage collection by this rule takes the only version of a cell, because it is old."""
    match GcRule.pb(rule).WhichOneof("rule"):
        case "max_age":
            return True
        case "union":
            return any(map(forgets, rule.union.rules))
        case "intersection":
            return bool(rule.intersection.rules) and all(map(forgets, rule.intersection.rules))
    return False


def _if_found(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except api.NotFound:
        return None


def _unless_exists(ask: Callable[[], Any]) -> Any:
    with suppress(api.AlreadyExists):  # another process was first
        return ask()


def _first_line(error: BaseException | None) -> str:
    """The first line of what an error says."""
    lines: Iterator[str] = (line for line in str(error).splitlines() if line.strip())
    return next(lines, type(error).__name__)[:300]
