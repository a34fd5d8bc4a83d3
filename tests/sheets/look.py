"""Says as JSON what openpyxl, a reader that is not ours, sees in an xlsx file."""

import json
import sys
import zipfile

import openpyxl

path = sys.argv[1]
book = openpyxl.load_workbook(path)
sheet = book.active
with zipfile.ZipFile(path) as archive:
    damaged = archive.testzip()
    parts = archive.namelist()
    formulas = archive.read("xl/worksheets/sheet1.xml").count(b"<f>")
json.dump(
    {
        "damaged": damaged,
        "parts": parts,
        "formulas": formulas,
        "sheets": book.sheetnames,
        "frozen": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
        "lists": [
            [str(rule.sqref), rule.type, rule.formula1, rule.showErrorMessage]
            for rule in sheet.data_validations.dataValidation
        ],
        "columns": [
            [letters, column.width, column.number_format]
            for letters, column in sheet.column_dimensions.items()
        ],
        "rows": [
            [[cell.data_type, str(cell.value), cell.number_format] for cell in row]
            for row in sheet.iter_rows()
        ],
    },
    sys.stdout,
)
