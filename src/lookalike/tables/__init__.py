"""Results as JSON, JSON Lines, CSV and Parquet, and labelled pairs; files are replaced whole or not at all."""

from lookalike.tables.baselines import Baseline, read_baseline
from lookalike.tables.documents import UNKNOWN_TIME, Document, document_from_json, read_document, root_rows
from lookalike.tables.files import (
    check_folder,
    ending_of,
    list_of,
    make_folder,
    path_fields,
    printable,
    replace_file,
    replacing,
    write_paths,
)
from lookalike.tables.findings import (
    COLUMNS,
    WRITERS,
    check_output,
    failure_row,
    group_row,
    image_row,
    option_row,
    to_csv,
    to_json,
    to_jsonl,
    write,
)
from lookalike.tables.labelled import LabelledPair, read_labelled
from lookalike.tables.leaks import leaks_to_csv
from lookalike.tables.mapped import NO_MAP, PathMap
from lookalike.tables.plans import plan_from_json, plan_to_dict, plan_to_json, read_plan, write_plan

__all__ = [
    "COLUMNS", "NO_MAP", "UNKNOWN_TIME", "WRITERS", "Baseline", "Document", "LabelledPair", "PathMap", "check_folder",
    "check_output", "document_from_json", "ending_of", "failure_row", "group_row", "image_row", "leaks_to_csv", "list_of",
    "make_folder", "option_row", "path_fields", "plan_from_json", "plan_to_dict", "plan_to_json", "printable", "read_baseline",
    "read_document", "read_labelled", "read_plan", "replace_file", "replacing", "root_rows", "to_csv", "to_json", "to_jsonl",
    "write", "write_paths", "write_plan",
]  # fmt: skip
