"""OpenTelemetry: spans and the service's own metrics, sent by OTLP over HTTP to what the standard variables name."""
