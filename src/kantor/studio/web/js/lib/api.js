/** Ask the server. Every refusal becomes a `Problem` with one line for a person. */

export class Problem extends Error {
  /**
   * @param {number} status 0 where the server does not answer
   * @param {string} detail
   * @param {Record<string, any>} [more] what else the problem's document says
   */
  constructor(status, detail, more = {}) {
    super(detail);
    this.status = status;
    this.more = more;
  }
}

/**
 * @param {string} method
 * @param {string} path such as "/api/pieces"
 * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}
 */
export async function request(method, path, options = {}) {
  const headers = { ...options.headers };
  let body = options.body;
  if (options.json !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(options.json);
  }
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal: options.signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "Kantor does not answer. Your work is kept in this browser until it does.");
  }
  if (response.ok) return response;
  let more;
  try {
    more = await response.json();
  } catch {
    // not a problem document: the status line has to do
  }
  throw new Problem(response.status, more?.detail ?? `${response.status} ${response.statusText}`, more);
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, signal) {
  return (await request("GET", path, { signal })).json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [json]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>} null where there is no answer but the status
 */
export async function send(method, path, json, headers) {
  const response = await request(method, path, { json, headers });
  return response.status === 204 ? null : response.json();
}
