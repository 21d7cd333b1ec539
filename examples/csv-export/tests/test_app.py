"""Runs the export in this process; nothing is served."""

import csv

import app
import pytest


def lines_of(result):
    return b"".join(result["body"]).decode().splitlines()


def test_every_row_is_there_and_the_last_line_counts_them():
    result = app.handler({"queryStringParameters": {"rows": "2500"}}, None)
    *lines, last = lines_of(result)

    rows = list(csv.DictReader(lines))
    assert (len(rows), last) == (2500, "# rows: 2500")
    assert rows[1]["comment"] == 'said "today", please'
    assert {row["city"] for row in rows} == {"Malmö", "Kraków", "Nairobi", "Recife"}
    assert result["headers"]["Content-Disposition"] == 'attachment; filename="orders.csv"'


def test_an_export_without_rows_has_its_columns():
    result = app.handler({"queryStringParameters": {"rows": "0"}}, None)

    assert lines_of(result) == [",".join(app.COLUMNS), "# rows: 0"]


@pytest.mark.parametrize("rows", ["many", "-1", "1900001", ""])
def test_a_wrong_number_is_refused_before_anything_is_sent(rows):
    result = app.handler({"queryStringParameters": {"rows": rows}}, None)

    assert (result["statusCode"], result["body"][:21]) == (400, "rows must be a number")


def test_a_page_is_read_only_when_the_one_before_was_taken():
    read = []

    def pages():
        for number in range(50):
            read.append(number)
            yield [{"order_id": "x" * 1000}] * 70

    pieces = app.csv_pieces(pages())
    next(pieces)

    assert read == [0]


class Table:
    """A table of three pages, as boto3 has it."""

    def __init__(self):
        self.asked = []

    def scan(self, **arguments):
        self.asked.append(arguments)
        number = len(self.asked)
        following = {"LastEvaluatedKey": {"order_id": str(number)}} if number < 3 else {}
        return {"Items": [{"order_id": str(number), "unknown": 1}], **following}


def test_a_table_is_read_to_its_end():
    table = Table()
    lines = b"".join(app.csv_pieces(app.pages_of(table))).decode().splitlines()

    assert [line.partition(",")[0] for line in lines] == ["order_id", "1", "2", "3", "# rows: 3"]
    assert table.asked == [
        {},
        {"ExclusiveStartKey": {"order_id": "1"}},
        {"ExclusiveStartKey": {"order_id": "2"}},
    ]
