//! Names of attributes: <https://opentelemetry.io/docs/specs/semconv/registry/attributes/>.

pub(super) const CLIENT_ADDRESS: &str = "client.address";
pub(super) const DB_NAMESPACE: &str = "db.namespace";
pub(super) const DB_OPERATION_NAME: &str = "db.operation.name";
pub(super) const DB_SYSTEM_NAME: &str = "db.system.name";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const HTTP_REQUEST_METHOD: &str = "http.request.method";
pub(super) const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
pub(super) const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
pub(super) const HTTP_ROUTE: &str = "http.route";
pub(super) const NETWORK_PROTOCOL_VERSION: &str = "network.protocol.version";
pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";
pub(super) const SERVICE_NAME: &str = "service.name";
pub(super) const URL_FULL: &str = "url.full";
pub(super) const URL_PATH: &str = "url.path";
pub(super) const URL_SCHEME: &str = "url.scheme";
pub(super) const USER_AGENT_ORIGINAL: &str = "user_agent.original";

/// Ours: the component that runs.
pub(super) const COMPONENT: &str = "slipway.component";
/// Ours: the id that joins spans and log lines, `x-request-id`.
pub(super) const REQUEST_ID: &str = "slipway.request.id";
