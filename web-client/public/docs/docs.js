// Shows the server's own OpenAPI document; nothing is asked of any other server.
window.SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  validatorUrl: null,
  deepLinking: true,
  withCredentials: true,
});
