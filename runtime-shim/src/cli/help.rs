//! What `--help` says after the arguments: examples, environment, exit status. Lines fit into 80 columns.

/// After the help of `slipway`.
pub const SLIPWAY: &str = "Each command has more to say: slipway up --help";

/// After the help of `slipway up`.
pub const UP: &str = "\
Examples:
  Serve the application in this folder on http://127.0.0.1:3000:
      slipway up
  In a container, with probes and metrics on a port of their own:
      slipway up -f /app --listen 0.0.0.0:80 --admin-listen 0.0.0.0:9090
  With variables from a file, and a secret from another:
      slipway up --variable @app.toml --variable token=@/run/secrets/token
  With spans sent to a collector, of one trace in ten:
      slipway up --otlp-endpoint http://otel:4318 --trace-sample-ratio 0.1
  With lines for failures, slow requests and one in a hundred of the others:
      slipway up --access-log-sample 0.01 --access-log-slow 500ms

Values:
  TIME is a number with a unit, or several: 500ms, 30s, 1m30s. BYTES has none.

Environment:
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
      where spans go, unless --otlp-endpoint is given
  OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TRACES_HEADERS
      what is sent with them: name=value, separated by commas
  OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER,
  OTEL_TRACES_SAMPLER_ARG
      as OpenTelemetry defines them; arguments go before them
  OTEL_SDK_DISABLED
      true: nothing is traced, whatever else is set
  RUST_LOG
      overrules --log-level, also by module: info,slipway::access=off
  SPIN_VARIABLE_<NAME>
      value of an application variable, unless --variable gives one

Signals:
  SIGTERM and SIGINT begin the drain: unready, --drain-delay, no new
  connections, --drain-timeout. A second one ends the process at once.

Exit status:
  0  the drain has ended, and every request was finished
  1  the application could not be served, requests outlasted the drain, or a
     second signal came; the last line says which
  2  the arguments are wrong";

/// After the help of `slipway sidecar`.
pub const SIDECAR: &str = "\
Examples:
  In front of a Spin application on port 80 of the same pod:
      slipway sidecar --upstream http://127.0.0.1:80 --ready-path /api/health
  In front of a gRPC server:
      slipway sidecar --upstream http://127.0.0.1:50051 --upstream-protocol h2c
  With arguments from a file, one a line with its value:
      slipway sidecar @/etc/slipway/arguments

Values:
  TIME is a number with a unit, or several: 500ms, 30s, 1m30s.

Environment, where it reaches the process; everything can be said by arguments:
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
      where spans go, unless --otlp-endpoint is given
  OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TRACES_HEADERS
      what is sent with them: name=value, separated by commas
  OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER,
  OTEL_TRACES_SAMPLER_ARG
      as OpenTelemetry defines them; arguments go before them
  OTEL_SDK_DISABLED
      true: nothing is traced, whatever else is set
  RUST_LOG
      overrules --log-level, also by module: info,slipway::access=off

Signals:
  SIGTERM and SIGINT begin the drain: unready, --drain-delay, no new
  connections, --drain-timeout. A second one ends the process at once.

Exit status:
  0  the drain has ended, and every request was finished
  1  the sidecar could not be started, requests outlasted the drain, or a
     second signal came; the last line says which
  2  the arguments are wrong";

/// After the help of `slipway check`.
pub const CHECK: &str = "\
Examples:
  Show what would be served, with the variables that it would be served with:
      slipway check -f spin.toml --variable @app.toml
  Without compiling the components, in a second rather than in many:
      slipway check --config-only -f spin.toml

Nothing is listened on or connected to, and nothing is written.

Environment:
  SPIN_VARIABLE_<NAME>
      value of an application variable, unless --variable gives one

Exit status:
  0  `slipway up` with the same arguments would serve what is shown
  1  it would not; every reason is told
  2  the arguments are wrong";

/// After the help of `slipway compile`.
pub const COMPILE: &str = "\
Examples:
  In a Dockerfile, for `slipway up --cache-dir /cache`:
      slipway compile -f /app/spin.toml -o /cache

Exit status:
  0  every component is compiled, or was before
  1  one is not, or the folder cannot be used
  2  the arguments are wrong";

/// After the help of `slipway health`.
pub const HEALTH: &str = "\
Examples:
  Whether requests are welcome, as HEALTHCHECK of an image:
      slipway health
  Whether the process runs, ready or not:
      slipway health --url http://127.0.0.1:9090/healthz --timeout 500ms

Exit status:
  0  the answer is a 2xx
  1  it is another one, or none came in time; its sentence is shown
  2  the arguments are wrong";

/// After the help of `slipway migrate`.
pub const MIGRATE: &str = "\
Examples:
  What is applied and what is missing, without a change:
      slipway migrate status
  Before a release; safe to run twice, and by two at once:
      slipway migrate up
  The newest migration back, told first and then done:
      slipway migrate down 1 --dry-run && slipway migrate down 1
  On a SQLite file rather than on Postgres:
      slipway migrate up --sqlite .slipway/sqlite_db.db

Environment:
  DATABASE_URL
      the Postgres database, unless --database-url or --sqlite is given

Exit status:
  0  done; for status: this release can work with the schema
  1  the database could not be reached or changed; for status: this release
     cannot work with the schema
  2  the arguments are wrong";

/// After the help of `slipway gate`.
pub const GATE: &str = "\
Examples:
  What a cluster would make of the templates of a chart, for a program to read:
      slipway gate -f rendered.yaml --template errors --arg hash=6d4b -o json
  Of the only template in a file, by another Prometheus, with one measurement:
      slipway gate -f gate.yaml --prometheus http://127.0.0.1:9090 --once
  A template without a count, as beside the steps of a rollout:
      slipway gate -f - --for 10m

The times, limits and conditions are the template's own, and mean what they
mean to Argo Rollouts 1.9 and 1.10. What is not known here is refused by name.

Values:
  TIME is a number with a unit, or several: 500ms, 30s, 1m30s.

Environment:
  SSL_CERT_FILE
      certificates to trust rather than the machine's

Signals:
  SIGTERM and SIGINT end it with what was measured so far, as an error.

Exit status:
  0  pass
  1  fail
  2  error: it could not be measured, or not be judged, or the arguments are
     wrong
  3  inconclusive: it was measured, and neither condition held";

/// After the help of `slipway rehearse`.
#[cfg(feature = "rehearse")]
pub const REHEARSE: &str = "\
Examples:
  Whether a chart's gates let a good version through, in a tenth of the time:
      slipway rehearse --chart chart --values v.yaml --stable . --time-scale 10
  Whether they catch one that fails half of its requests, with a report:
      slipway rehearse -f m.yaml --stable . --fault status=500:50% -o target/r
  The same as a check for CI, with the new version from a registry:
      slipway rehearse -f m.yaml --stable . --canary r.test/a:2 --expect aborted
  A blue-green release that somebody approves:
      slipway rehearse -f m.yaml --stable spin.toml --on-pause promote

Needs nginx and prometheus, and helm for --chart. Nothing is sent to another
machine, and everything that is started ends with the rehearsal.

Values:
  TIME is a number with a unit, or several: 500ms, 30s, 1m30s.

Signals:
  SIGTERM and SIGINT end it, with reports of what happened so far.

Exit status:
  0  the release has ended as --expect says
  1  it has ended otherwise
  2  it could not be rehearsed, or the arguments are wrong";
