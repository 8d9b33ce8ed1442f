"""The same job on Apache Spark: stages that take and return DataFrames. Needs the extra ``spark``."""
