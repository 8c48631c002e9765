// One call of the Node.js SDK of OSS. In: one JSON object as the argument. Out: one JSON object on stdout:
// {url}, {body} in base64, or {error} with what the SDK's own exception carries.
const OSS = require("ali-oss");

async function main({ what, endpoint, id, secret, bucket, key, process: text, seconds, v1 }) {
  const client = new OSS({
    endpoint, bucket, region: "oss-cn-hangzhou", accessKeyId: id, accessKeySecret: secret,
    sldEnable: true, secure: false, authorizationV4: !v1, retryMax: 0,
  });
  if (what === "presign") {
    const url = v1
      ? client.signatureUrl(key, { expires: seconds, process: text })
      : await client.signatureUrlV4("GET", seconds, { queries: { "x-oss-process": text } }, key);
    return { url };
  }
  try {
    const result = await client.get(key, { process: text });
    return { body: result.content.toString("base64") };
  } catch (error) {
    const { status, code, message, requestId, ecCode } = error;
    return { error: { status, code, message, request_id: requestId, ec: ecCode } };
  }
}

main(JSON.parse(process.argv[2])).then((said) => console.log(JSON.stringify(said)));
