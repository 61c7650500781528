// The shipped model: H = tanh(X W_xh + H W_hh + b_h), O = H W_hq + b_q, and the choice of the
// next character.  The same as charrnn_helpers.model and charrnn_helpers.sampling; a test compares.

const charrnn = (() => {
  // Read the weights: 32-bit numbers, one matrix after the other, row by row.
  function load({ vocab, shapes, numbers }) {
    const all = new Float32Array(bytesOf(numbers).buffer);
    const model = { vocab, numHiddens: shapes.b_h[0] };
    let start = 0;
    for (const [name, shape] of Object.entries(shapes)) {
      const size = shape.reduce((a, b) => a * b, 1);
      model[name] = all.subarray(start, start + size);
      start += size;
    }
    return model;
  }

  // Read weights in bytes, which are multiples of the scale of their column, and lists of numbers.
  function loadBytes(vocab, weights) {
    const model = { vocab, numHiddens: weights.b_h.length };
    for (const [name, W] of Object.entries(weights)) {
      const scale = weights[`${name} scale`];
      const numbers = scale ? new Int8Array(bytesOf(W).buffer) : W;
      model[name] = Float32Array.from(numbers, (n, i) => (scale ? n * scale[i % scale.length] : n));
    }
    return model;
  }

  const bytesOf = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

  // Add the product of a row and a matrix to the result.
  function addProduct(result, row, W) {
    const columns = result.length;
    row.forEach((x, i) => {
      for (let j = 0; j < columns; j++) result[j] += x * W[i * columns + j];
    });
  }

  // Read one character, given by its id; return the next state.
  function step(model, id, H) {
    const n = model.numHiddens;
    // The product of a one-hot row and W_xh is a row of W_xh.
    const A = Float64Array.from(model.b_h, (b, j) => b + model.W_xh[id * n + j]);
    addProduct(A, H, model.W_hh);
    return A.map(Math.tanh);
  }

  function logits(model, H) {
    const O = Float64Array.from(model.b_q);
    addProduct(O, H, model.W_hq);
    return O;
  }

  function softmax(O) {
    const largest = Math.max(...O);
    const exps = O.map((o) => Math.exp(o - largest));
    const sum = exps.reduce((a, b) => a + b, 0);
    return exps.map((e) => e / sum);
  }

  // Return the distribution from which the next character is drawn.
  function nextProbs(O, { temperature = 1, topK = null, topP = null } = {}) {
    const largest = Math.max(...O);
    let kept = temperature === 0 ? O.map((o) => (o === largest ? 0 : -Infinity)) : O.map((o) => o / temperature);
    if (topK !== null) {
      const least = [...kept].sort((a, b) => b - a)[topK - 1];
      kept = kept.map((o) => (o < least ? -Infinity : o));
    }
    if (topP !== null) {
      const probs = softmax(kept);
      const order = [...probs.keys()].sort((a, b) => probs[b] - probs[a]);
      let before = 0;
      order.forEach((id, rank) => {
        if (rank > 0 && before >= topP) kept[id] = -Infinity;
        before += probs[id];
      });
    }
    return softmax(kept);
  }

  // Draw an id, given a number from 0 to 1.
  function draw(probs, uniform) {
    let sum = 0;
    const id = probs.findIndex((p) => (sum += p) > uniform);
    return id >= 0 ? id : probs.indexOf(Math.max(...probs));
  }

  // Read a text; return all states, the one before the first character included.
  function read(model, text) {
    const states = [new Float64Array(model.numHiddens)];
    for (const char of text) states.push(step(model, model.vocab.indexOf(char), states.at(-1)));
    return states;
  }

  // As charrnn_helpers.data.preprocess: small letters, and single spaces between words.
  function preprocess(text) {
    return text.normalize("NFC").toLowerCase().replace(/[^\p{L}]+/gu, " ");
  }

  return { load, loadBytes, step, logits, softmax, nextProbs, draw, read, preprocess };
})();
