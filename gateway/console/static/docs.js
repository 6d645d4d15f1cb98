// The reference at /docs: swagger-ui when it is asked for, with a token of the sandbox, and its own few words in the language of the page.
(() => {
  'use strict';
  // what swagger-ui renders of Markdown: plain elements without attributes; every other "<" is text
  const NOT_PLAIN = /<(?!\/?(?:p|code|em|strong|i|ul|ol|li|br|pre)>)/g;
  if (window.trustedTypes) {
    trustedTypes.createPolicy('default', { createHTML: (text) => text.replaceAll(NOT_PLAIN, '&lt;') });
  }
  const WORDS = {
    'Try it out': 'Thử', 'Try it out ': 'Thử', Cancel: 'Hủy', Execute: 'Thực hiện', Clear: 'Xóa', Reset: 'Đặt lại',
    Authorize: 'Cấp quyền', Logout: 'Bỏ quyền', Close: 'Đóng', Parameters: 'Tham số', 'No parameters': 'Không có tham số',
    'Request body': 'Nội dung gửi', Responses: 'Trả lời', Response: 'Trả lời', 'Server response': 'Trả lời của cổng',
    'Response body': 'Nội dung trả lời', 'Response headers': 'Đầu mục trả lời', 'Request URL': 'Địa chỉ đã gọi',
    'Request duration': 'Thời gian', Code: 'Mã', Details: 'Chi tiết', Description: 'Mô tả', Name: 'Tên', Links: 'Liên kết',
    'No links': 'Không có liên kết', 'Media type': 'Kiểu nội dung', 'Example Value': 'Ví dụ', Schema: 'Lược đồ',
    Schemas: 'Lược đồ', 'Edit Value': 'Sửa', Download: 'Tải về', 'Undocumented': 'Ngoài mô tả', required: 'bắt buộc',
    'Available authorizations': 'Cách cấp quyền', 'Loading...': 'Đang tải…', 'Curl': 'Lệnh curl',
    'Controls ': 'Quyết định ', ' header.': ' của yêu cầu.', 'Headers:': 'Đầu mục:', 'Filter by tag or path': 'Lọc theo nhóm hoặc đường dẫn',
    Type: 'Kiểu', Example: 'Ví dụ', Examples: 'Ví dụ', 'Available values': 'Giá trị dùng được', 'Default value': 'Mặc định', Default: 'Mặc định',
    Const: 'Luôn là', Items: 'Mỗi mục', 'Any of': 'Một trong các kiểu', 'Additional properties': 'Mục khác', forbidden: 'không được có',
    'Property names': 'Tên mục', 'Expand all': 'Mở hết', 'Collapse all': 'Thu hết', 'Send empty value': 'Gửi giá trị rỗng', Errors: 'Lỗi',
    'Expand operation': 'Mở thao tác', 'Collapse operation': 'Thu thao tác', 'Copy path to clipboard': 'Chép đường dẫn',
    'Copy cURL command to clipboard': 'Chép lệnh curl', 'Copy code to clipboard': 'Chép nội dung', 'Copied!': 'Đã chép',
    'Request content type': 'Kiểu nội dung gửi', 'Media Type': 'Kiểu nội dung', 'authorization button unlocked': 'Cấp quyền: chưa cấp',
    'authorization button locked': 'Cấp quyền: đã cấp', 'auth-basic-username': 'Tên hệ thống', 'auth-basic-password': 'Khóa bí mật',
    'Token URL: ': 'Địa chỉ lấy mã truy cập: ', 'Flow: ': 'Cách cấp: ', 'Scopes:': 'Phạm vi:', 'select all': 'chọn hết', 'select none': 'bỏ chọn hết',
    'Username:': 'Tên hệ thống:', 'Password:': 'Khóa bí mật:', Authorized: 'Đã cấp quyền',
    'Failed to fetch.': 'Không gọi được cổng.', 'Possible Reasons:': 'Có thể vì:', 'Network Failure': 'Mất kết nối',
    'Scopes are used to grant an application different levels of access to data on behalf of the end user. Each API may declare one or more scopes.':
      'Phạm vi cho biết hệ thống được làm gì.',
    'API requires the following scopes. Select which ones you want to grant to Swagger UI.': 'Chọn các phạm vi muốn cấp cho trang này.',
  };
  const BOUNDS = [
    [/^([^a-z]*) properties$/, '$1 mục'], [/^([^a-z]*) items$/, '$1 phần tử'], [/^([^a-z]*) characters$/, '$1 ký tự'],
    [/^matches (?=\^)/, 'theo mẫu '],
  ];
  const ATTRIBUTES = ['title', 'aria-label', 'placeholder'];
  // what is in the description in both languages: "Hồ sơ / Dossiers"
  const BOTH = /^([^/]*[^/ ]) \/ ([^/ ][^/]*)$/;
  const root = document.getElementById('reference');
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const isVietnamese = document.documentElement.lang === 'vi';
  // a text of swagger-ui or of the description, in the language of the page
  const worded = (text) => {
    const both = BOTH.exec(text);
    if (both) return both[isVietnamese ? 1 : 2];
    if (!isVietnamese) return text;
    return WORDS[text] ?? BOUNDS.reduce((said, [from, to]) => said.replace(from, to), text);
  };
  const sayText = (node) => {
    if (node.parentElement?.closest('pre, code, textarea, .opblock-summary-path')) return;
    const said = worded(node.nodeValue);
    if (said !== node.nodeValue) node.nodeValue = said;
  };
  const sayAttributes = (one) => {
    for (const name of ATTRIBUTES.filter((name) => one.hasAttribute(name))) {
      const said = worded(one.getAttribute(name));
      if (said !== one.getAttribute(name)) one.setAttribute(name, said);
    }
  };
  const say = (top) => {
    if (top.nodeType === Node.TEXT_NODE) return sayText(top);
    const walk = document.createTreeWalker(top, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = top; node; node = walk.nextNode()) (node.nodeType === Node.TEXT_NODE ? sayText : sayAttributes)(node);
  };
  // what swagger-ui leaves out for those who use a keyboard or a screen reader
  const REPAIRS = [
    ['.close-modal:not([aria-label])', (one) => one.setAttribute('aria-label', worded('Close'))],
    ['.modal-btn[aria-label]', (one) => one.removeAttribute('aria-label')],
    ['.dialog-ux h2:not([aria-level])', (one) => one.setAttribute('aria-level', '5')],
    ['button a[href]', (one) => one.removeAttribute('href')],
    ['pre:not([tabindex]), .highlight-code:not([tabindex])', (one) => { one.tabIndex = 0; }],
    ['textarea:not([aria-label])', (one) => one.setAttribute('aria-label', worded('Request body'))],
    ['select:not([aria-label]), input:not([aria-label])', (one) => one.setAttribute('aria-label',
      one.closest('tr')?.querySelector('.parameter__name')?.textContent || one.placeholder || worded('Media type'))],
  ];
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'childList') addedNodes.forEach(say);
      else (type === 'attributes' ? sayAttributes : sayText)(target);
    }
    for (const [which, repair] of REPAIRS) root.querySelectorAll(which).forEach(repair);
  }).observe(root, { subtree: true, childList: true, characterData: true, attributeFilter: ATTRIBUTES });

  let bearer = '';
  const show = () => SwaggerUIBundle({
    url: '/openapi.json', domNode: root, deepLinking: true, validatorUrl: null, docExpansion: 'none', filter: true,
    defaultModelsExpandDepth: 0, displayRequestDuration: true, tryItOutEnabled: Boolean(meta('sandbox-client')),
    syntaxHighlight: { activated: false },
    layout: 'Reference',
    plugins: [({ React }) => ({ components: { Reference: ({ getComponent, specSelectors }) => {
      // as BaseLayout, without a `main` and a title of its own, which are in the page
      if (specSelectors.loadingStatus() !== 'success') return React.createElement('p', null, 'Loading...');
      const parts = ['SvgAssets', 'errors', 'AuthorizeBtnContainer', 'FilterContainer', 'operations', 'Models'];
      const shown = parts.map((name) => React.createElement(getComponent(name, true), { key: name }));
      return React.createElement('div', { className: 'swagger-ui' }, shown);
    } } })],
    requestInterceptor: (request) => {
      const { origin, pathname } = new URL(request.url, location.href);
      if (bearer && !request.headers.Authorization && origin === location.origin && pathname.startsWith('/v1/')) {
        request.headers.Authorization = `Bearer ${bearer}`;
      }
      return request;
    },
  });

  // a token of the real endpoint, and a new one before it ends
  async function authorize() {
    const state = document.getElementById('token-state');
    try {
      const response = await fetch('/oauth2/token', {
        method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }),
        headers: { Authorization: `Basic ${btoa(`${meta('sandbox-client')}:${meta('sandbox-secret')}`)}` },
      });
      if (!response.ok) throw new Error(String(response.status));
      const { access_token, expires_in } = await response.json();
      bearer = access_token;
      const until = new Date(Date.now() + expires_in * 1000)
        .toLocaleTimeString('vi-VN', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Ho_Chi_Minh' });
      state.textContent = `${state.dataset.ready} ${until}.`;
      setTimeout(authorize, Math.max(expires_in * 800, 10_000));
    } catch {
      bearer = '';
      state.textContent = state.dataset.failed;
    }
  }
  // swagger-ui is heavy: it comes when the reader asks for it, or follows a link to an operation (#/tag/operation)
  const opener = document.getElementById('open-reference');
  function open() {
    opener.hidden = true;
    const parts = document.getElementById('swagger-ui').content.cloneNode(true);
    parts.querySelector('script').addEventListener('load', () => {
      show();
      root.tabIndex = -1;
      root.focus();
      if (meta('sandbox-client')) authorize();
    });
    document.head.append(parts);
  }
  opener.querySelector('button').addEventListener('click', open);
  if (location.hash.startsWith('#/')) open();
  else opener.hidden = false;
})();
