// An independent SOAP and WS-Security peer (npm soap and xml-crypto), driven by test_soap_peer.py.
//   verify CERT                 message on stdin; prints {valid, signed: [names]}
//   ask WSDL URL KEY CERT       calls the look-up, signed by WSSecurityCert; prints the answer as JSON
//   serve WSDL                  answers look-ups on a port of loopback, which it prints; ends with its stdin
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { DOMParser } from '@xmldom/xmldom';
import soap from 'soap';
import { SignedXml } from 'xml-crypto';

const DS = 'http://www.w3.org/2000/09/xmldsig#';
const [verb, ...words] = process.argv.slice(2);

function verify(certificate) {
  const xml = readFileSync(0, 'utf-8');
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const signature = new SignedXml({ publicCert: readFileSync(certificate, 'utf-8'), idMode: 'wssecurity' });
  signature.loadSignature(document.getElementsByTagNameNS(DS, 'Signature')[0]);
  let valid = false;
  try {
    valid = signature.checkSignature(xml);
  } catch {
    valid = false;
  }
  const signed = valid ? signature.getSignedReferences() : [];
  const name = (text) => new DOMParser().parseFromString(text, 'text/xml').documentElement.localName;
  console.log(JSON.stringify({ valid, signed: signed.map(name).sort() }));
}

async function ask(wsdl, url, key, certificate) {
  const client = await soap.createClientAsync(wsdl, { endpoint: url });
  const security = new soap.WSSecurityCert(readFileSync(key), readFileSync(certificate), '', {
    signatureTransformations: ['http://www.w3.org/2001/10/xml-exc-c14n#'],
    additionalReferences: ['wsse:BinarySecurityToken'],
    signerOptions: { idMode: 'wssecurity' },
  });
  client.setSecurity(security);
  const request = {
    MaYeuCau: 'H31-1', MaDVC: 'VPCP', MaTichHop: '037', MaCanBo: '033085004321',
    SoDinhDanh: '033917264058', HoVaTen: 'TRẦN THỊ MẪU', NgayThangNamSinh: { Nam: '1990' },
  };
  const [answer] = await client.TraCuuThongTinCongDanAsync(request);
  console.log(JSON.stringify(answer));
}

function serve(wsdl) {
  const look_up = (asked) => ({
    CongDan: [{
      SoDinhDanh: asked.SoDinhDanh,
      HoVaTen: { Ho: '', ChuDem: '', Ten: asked.HoVaTen },
      GioiTinh: '2',
    }],
  });
  const fault = () => {
    throw { Fault: { faultcode: 'soap:Client', faultstring: 'Quá hạn mức', detail: { MaLoi: 'QUOTA' } } };
  };
  const service = { DanCuQuocGia: { DanCuQuocGia: { TraCuuThongTinCongDan: look_up, XacThucThongTinCongDan: fault } } };
  const server = createServer((_, response) => response.writeHead(404).end());
  server.listen(0, '127.0.0.1', () => {
    const options = { path: '/dancu', services: service, uri: wsdl, xml: readFileSync(wsdl, 'utf-8') };
    soap.listen(server, { ...options, callback: () => console.log(server.address().port) });
  });
  process.stdin.resume().on('end', () => process.exit(0));
}

await { verify, ask, serve }[verb](...words);
