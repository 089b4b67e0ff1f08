// <afterword-card token="…">: a card of Afterword within another page. How to use it: docs/embed.md.
(() => {
  'use strict';

  const tag = 'afterword-card';
  // The page may load this twice.
  if (customElements.get(tag)) return;

  // A module has no currentScript, and what import() loads has no element at all: then the place of this very line tells.
  const own = (document.currentScript ?? [...document.scripts].findLast(one => /\/embed\.js([?#]|$)/.test(one.src)))?.src
    ?? new Error('here').stack?.match(/https?:\/\/[^\s()@]+?\/embed\.js/)?.[0];
  // By language: what is said when the card cannot be loaded, when an answer cannot be sent, and on the button then.
  const words = '{words}';

  // What a card may be made of. Names, questions and texts come as text; if markup ever came with them, it ends here.
  const elements = new Set(('a bdi br button circle div fieldset footer form h1 h2 header input label legend li main ol output p path section small span '
    + 'strong svg textarea ul').split(' '));
  const attributes = new Set(('class cx cy d dir disabled for form hidden href id lang maxlength name r rel role rows tabindex target type value viewBox '
    + 'aria-describedby aria-hidden aria-invalid aria-label aria-labelledby aria-live aria-pressed autocomplete checked').split(' '));

  '{scale}';

  // Not fetch: this hands over a document that was parsed with nothing in it running, also where the page's Trusted Types forbid to parse.
  const send = (method, address, responseType, body) => new Promise((answer, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    Object.assign(request, { responseType, timeout: 20_000, onload: () => answer(request), onerror: fail, ontimeout: fail });
    request.send(body);
  });

  const copy = node => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (!elements.has(node.localName)) return '';
    const twin = document.createElementNS(node.namespaceURI, node.localName);
    for (const { name, value } of node.attributes) {
      if (attributes.has(name) && (name !== 'href' || /^https?:\/\//i.test(value))) twin.setAttribute(name, value);
    }
    twin.append(...[...node.childNodes].map(copy));
    return twin;
  };

  // One sheet for each server and theme, made by script: pages whose policy forbids inline styles take it.
  const sheets = {};
  const styles = {};
  const sheetFor = async (server, wanted) => {
    const theme = wanted === 'dark' || wanted === 'light' ? wanted : '';
    try {
      const { status, responseText } = await (styles[server] ??= send('GET', `${server}/embed.css`, 'text'));
      if (status !== 200) throw new Error('no style');
      if (sheets[server + theme]) return sheets[server + theme];
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(theme ? responseText.replaceAll('(prefers-color-scheme: dark)', theme === 'dark' ? 'all' : 'not all') : responseText);
      return sheets[server + theme] = sheet;
    } catch (error) {
      delete styles[server];
      throw error;
    }
  };

  // What a page's policy has stopped: a request that fails does not tell why.
  const stopped = new Set();
  document.addEventListener('securitypolicyviolation', event => stopped.add(event.blockedURI.match(/^https?:\/\/[^/]+/)?.[0]));

  const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  class AfterwordCard extends HTMLElement {
    static observedAttributes = ['token', 'language', 'theme', 'server'];

    #panel = make('div', { className: 'place' });
    #status = make('div', { className: 'hidden', role: 'status' });
    // What is shown or on its way, and the exchange that may show its answer: each later one makes those before it void.
    #shown = '';
    #turn = null;
    #sending = false;

    constructor() {
      super();
      this.attachShadow({ mode: 'open' }).append(this.#panel, this.#status);
      this.shadowRoot.addEventListener('submit', event => {
        event.preventDefault();
        // Afterwards the event does not know them any more.
        const { target, submitter } = event;
        if (!this.#sending) choose(submitter);
        this.#exchange(() => new URLSearchParams(new FormData(target, submitter)));
      });
    }

    connectedCallback() {
      // Set before this script was there, a property hides the one of the class.
      for (const name of AfterwordCard.observedAttributes) {
        if (!Object.hasOwn(this, name)) continue;
        const value = this[name];
        delete this[name];
        this[name] = value;
      }
      this.#load();
    }

    attributeChangedCallback(name) {
      if (!this.isConnected) return;
      if (name === 'theme') this.#dress().catch(() => {});
      else this.#load();
    }

    #load() {
      const wanted = JSON.stringify([this.token, this.language, this.server]);
      // Moved within the page, it keeps what was typed.
      if (wanted === this.#shown) return;
      this.#shown = wanted;
      this.#turn = null;
      this.#sending = false;
      this.#panel.replaceChildren();
      if (this.token) this.#exchange();
    }

    // Where the card is: the attribute goes before the server that this script came from.
    #origin() {
      const { protocol, origin } = new URL(this.server || own);
      if (!/^https?:$/.test(protocol)) throw new Error(protocol);
      return origin;
    }

    async #dress() {
      this.shadowRoot.adoptedStyleSheets = [await sheetFor(this.#origin(), this.theme)];
    }

    // Asks for the card, or sends a form of it as it is filled in by now, and shows what comes back.
    async #exchange(fill) {
      // Two taps are one answer.
      if (this.#sending) return;
      this.#sending = fill !== undefined;
      const form = fill?.();
      // The card goes on as it was read.
      form?.set('language', this.#panel.querySelector('.card').lang);
      const turn = this.#turn = {};
      this.#panel.setAttribute('aria-busy', 'true');
      try {
        const card = `${this.#origin()}/embed/${encodeURIComponent(this.token)}`;
        const [answer] = await Promise.all([form ? send('POST', card, 'document', form) : send('GET', `${card}?language=${encodeURIComponent(this.language)}`, 'document'), this.#dress()]);
        if (turn === this.#turn) this.#show(answer, form);
      } catch {
        if (turn === this.#turn) this.#fail(fill);
      }
    }

    #show(answer, form) {
      const card = answer.response?.querySelector('.card');
      if (!card) throw new Error('no card');
      const panel = copy(card);
      walkable(panel);
      const heading = panel.querySelector('#card-heading');
      heading.tabIndex = -1;

      // Some browsers leave the focus on the body when a button is pressed.
      const follow = form && (this.matches(':focus-within') || document.activeElement === document.body);
      const next = panel.querySelector(form?.has('asking') ? '#card-asking' : '[aria-invalid]') ?? heading;
      this.#replace(panel);
      if (follow) next.focus();
      else if (form) this.#status.textContent = heading.textContent;

      if (answer.status === 404) {
        this.#blame(`${this.#origin()} has no card with this token. Is it the whole card_token, and of this server?`);
        this.#tell('error', { reason: 'unknown' });
        return;
      }

      const step = answer.getResponseHeader('Afterword-Step');
      if (answer.status !== 200) this.#tell('error', { reason: 'refused', step });
      else if (!form) this.#tell('ready', { step });
      else for (const part of ['score', 'text', 'dismiss']) if (form.has(part)) this.#tell(part, { step });
    }

    #fail(fill) {
      const [notLoaded, notSent, tryAgain] = this.#words();
      const again = make('button', { type: 'button', className: 'quiet', onclick: () => this.#exchange(fill) }, tryAgain);
      const problem = make('div', { className: 'not-sent' }, make('p', { className: 'problem', role: 'alert' }, fill ? notSent : notLoaded), again);
      const follow = this.matches(':focus-within');
      this.#panel.querySelector('.not-sent')?.remove();
      // What was typed or chosen stays where it is, and this stands beside what was pressed.
      const [actions, heading] = ['.actions', '#card-heading'].map(one => this.#panel.querySelector(one));
      if (actions) actions.before(problem);
      else heading?.after(problem);
      this.#replace(problem.parentNode ? null : make('div', { className: 'card panel', dir: 'auto' }, problem));
      if (follow) again.focus();
      this.#explain();
      this.#tell('error', { reason: 'offline' });
    }

    // Says to whoever builds the page what it can find out. The style is for every page, the card for those that are allowed.
    async #explain() {
      let server;
      try {
        server = this.#origin();
      } catch {
        this.#blame(`it is not known which server has the card. Give it: <${tag} server="https://feedback.example" token="…">`);
        return;
      }
      if (stopped.has(server)) this.#blame(`this page's Content-Security-Policy stops requests to ${server}. Add it to connect-src.`);
      else if (await sheetFor(server).then(() => true, () => false)) this.#blame(`${server} shows this page no card, or is limiting calls just now. Let it: afterword allow embed @SENDER ${location.origin}`);
      else this.#blame(`${server} did not answer. Is it the address of the server, and can this browser reach it?`);
    }

    #blame(why) {
      console.error(`${tag}: ${why}`);
    }

    #replace(panel) {
      this.#sending = false;
      this.#panel.removeAttribute('aria-busy');
      this.#status.textContent = '';
      if (panel) this.#panel.replaceChildren(panel);
    }

    // In the language of the card, or before there is one in that of the page or the browser.
    #words() {
      const tags = [this.language, this.#panel.querySelector('.card')?.lang, this.closest('[lang]')?.lang, ...navigator.languages, 'en'];
      for (const wanted of tags) {
        // "pt-BR" and "pt", "zh" and "zh-Hans" are near enough.
        const found = wanted && Object.keys(words).find(one => one.split('-')[0] === wanted.split('-')[0]);
        if (found) return words[found];
      }
    }

    #tell(name, detail) {
      this.dispatchEvent(new CustomEvent(`afterword:${name}`, { bubbles: true, composed: true, detail }));
    }
  }

  for (const name of AfterwordCard.observedAttributes) {
    Object.defineProperty(AfterwordCard.prototype, name, {
      get() { return this.getAttribute(name) ?? ''; },
      set(value) { value == null ? this.removeAttribute(name) : this.setAttribute(name, value); },
    });
  }

  customElements.define(tag, AfterwordCard);
})();
