"use strict";
// A script's text in the language of the page: `messages` is there on pages in another language than English.
const gettext = (text) => (typeof messages === "undefined" ? text : messages[text] || text);
