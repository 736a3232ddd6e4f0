"""Files of records: found, read and written in one way for `train`, `eval`, `check`, `labels` and `batch`.

`find_sources` turns what a command was given into sources. A source yields blocks, which can be sent to other
processes, and a block its records; a record that cannot be read is a `Problem` in its place. Each module in `formats`
is a format, and `registry` finds it there: a new format is a new module, its test and its line in the docs.
`read_records` and `read_examples` make labelled examples of records, and `write_examples` a file of them.

    >>> from training.corpus.sources import find_sources
    >>> (source,) = find_sources(["seeds/articles.jsonl"])
    >>> record = next(source.records())
    >>> record.line, sorted(record.document().fields)
    (1, ['body', 'lead', 'title'])
"""
