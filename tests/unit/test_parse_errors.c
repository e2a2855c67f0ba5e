/* test_parse_errors.c - every message of the scanner, the brackets, the grammar and the tree, as it
 * is printed. (Settings of the quantize part: test_spec.c.) */
#include "tests/unit/cm.h"

#include <stdio.h>

#include "tests/unit/qdl.h"

static const struct message {
    const char *text, *printed;
} messages[] = {
    {"model m { a = f(x, y z w) }", "t.qdl:1:24: error: unexpected 'w' [syntax-error]\n"
                                    "    1 | model m { a = f(x, y z w) }\n"
                                    "      |                        ^\n"
                                    "  expected: `,` or `)`\n"},
    {"model m { a = }", "t.qdl:1:15: error: unexpected '}' [syntax-error]\n"
                        "    1 | model m { a = }\n"
                        "      |               ^\n"
                        "  expected: a name\n"},
    {"model m { a = f(x)) }", "t.qdl:1:19: error: unexpected ')' [syntax-error]\n"
                              "    1 | model m { a = f(x)) }\n"
                              "      |                   ^\n"
                              "  expected: `|>`, the end of the line or `}`\n"},
    {"model m { a = relu 5 }", "t.qdl:1:20: error: unexpected '5' [syntax-error]\n"
                               "    1 | model m { a = relu 5 }\n"
                               "      |                    ^\n"
                               "  expected: `(`, `|>`, the end of the line or `}`\n"},
    {"model m { a = f(x,) }", "t.qdl:1:19: error: unexpected ')' [syntax-error]\n"
                              "    1 | model m { a = f(x,) }\n"
                              "      |                   ^\n"
                              "  expected: an argument\n"},
    {"model m { a = f(x, kernel [1; 2]) }", "t.qdl:1:29: error: unexpected ';' [syntax-error]\n"
                                            "    1 | model m { a = f(x, kernel [1; 2]) }\n"
                                            "      |                             ^\n"
                                            "  expected: `,` or `]`\n"},
    {"model m { input a f32[3] }", "t.qdl:1:19: error: unexpected 'f32' [syntax-error]\n"
                                   "    1 | model m { input a f32[3] }\n"
                                   "      |                   ^~~\n"
                                   "  expected: `:`\n"},
    {"model m { a : f32[3] }", "t.qdl:1:13: error: unexpected ':' [syntax-error]\n"
                               "    1 | model m { a : f32[3] }\n"
                               "      |             ^\n"
                               "  expected: `=` or `,`\n"
                               "  hint: inputs are declared as `input NAME : TYPE[DIMS]`\n"},
    {"model m { a = f(x, kernel=3) }",
     "t.qdl:1:26: error: unexpected '=' [syntax-error]\n"
     "    1 | model m { a = f(x, kernel=3) }\n"
     "      |                          ^\n"
     "  expected: an attribute's value, `(`, `|>`, `,` or `)`\n"
     "  hint: attributes are written `kernel 3x3`, with a blank between\n"},
    {"model m { a = f(x, pad {1, 2}) }", "t.qdl:1:24: error: unexpected '{' [syntax-error]\n"
                                         "    1 | model m { a = f(x, pad {1, 2}) }\n"
                                         "      |                        ^\n"
                                         "  expected: an attribute's value, `(`, `|>`, `,` or `)`\n"
                                         "  hint: lists are written with [ and ]\n"},
    {"model m { a = f(x, \"pad\" 3) }", "t.qdl:1:26: error: unexpected '3' [syntax-error]\n"
                                        "    1 | model m { a = f(x, \"pad\" 3) }\n"
                                        "      |                          ^\n"
                                        "  expected: `(`, `|>`, `,` or `)`\n"},
    {"model m { output }", "t.qdl:1:18: error: unexpected '}' [syntax-error]\n"
                           "    1 | model m { output }\n"
                           "      |                  ^\n"
                           "  expected: a name, `=` or `,`\n"},
    {"model m { output a b }", "t.qdl:1:20: error: unexpected 'b' [syntax-error]\n"
                               "    1 | model m { output a b }\n"
                               "      |                    ^\n"
                               "  expected: `=`, `(`, `|>`, `,`, the end of the line or `}`\n"},
    {"model m { ouput a }", "t.qdl:1:17: error: unexpected 'a' [syntax-error]\n"
                            "    1 | model m { ouput a }\n"
                            "      |                 ^\n"
                            "  expected: `=` or `,`\n"
                            "  hint: did you mean 'output'?\n"},
    {"model m { weights 5 }", "t.qdl:1:19: error: unexpected '5' [syntax-error]\n"
                              "    1 | model m { weights 5 }\n"
                              "      |                   ^\n"
                              "  expected: `native`, `=` or `,`\n"},
    {"model m { input a : f32[] }", "t.qdl:1:25: error: unexpected ']' [syntax-error]\n"
                                    "    1 | model m { input a : f32[] }\n"
                                    "      |                         ^\n"
                                    "  expected: a number\n"},
    {"model m {\n"
     "    input a : f32[3] 5\n"
     "}",
     "t.qdl:2:22: error: unexpected '5' [syntax-error]\n"
     "    2 |     input a : f32[3] 5\n"
     "      |                      ^\n"
     "  expected: `real`, `scale`, `layout`, the end of the line or `}`\n"},
    {"model m {\n"
     "    a = relu(b\n"
     "    c relu(a)\n"
     "}",
     "t.qdl:3:7: error: unexpected 'relu' [syntax-error]\n"
     "    3 |     c relu(a)\n"
     "      |       ^~~~\n"
     "  expected: `,` or `)`\n"
     "  t.qdl:2:13: note: this bracket is still open\n"
     "    2 |     a = relu(b\n"
     "      |             ^\n"},
    {"model m {\n"
     "    a = (b)\n"
     "}",
     "t.qdl:2:9: error: unexpected '(' [syntax-error]\n"
     "    2 |     a = (b)\n"
     "      |         ^\n"
     "  expected: a name\n"},
    {"block b(x, 3) { return x }", "t.qdl:1:12: error: unexpected '3' [syntax-error]\n"
                                   "    1 | block b(x, 3) { return x }\n"
                                   "      |            ^\n"
                                   "  expected: a name\n"},
    {"block b x) { return x }", "t.qdl:1:9: error: unexpected 'x' [syntax-error]\n"
                                "    1 | block b x) { return x }\n"
                                "      |         ^\n"
                                "  expected: `(`\n"},
    {"model { }", "t.qdl:1:7: error: unexpected '{' [syntax-error]\n"
                  "    1 | model { }\n"
                  "      |       ^\n"
                  "  expected: a name\n"},
    {"model 5 { a = }", "t.qdl:1:7: error: unexpected '5' [syntax-error]\n"
                        "    1 | model 5 { a = }\n"
                        "      |       ^\n"
                        "  expected: a name\n"
                        "t.qdl:1:15: error: unexpected '}' [syntax-error]\n"
                        "    1 | model 5 { a = }\n"
                        "      |               ^\n"
                        "  expected: a name\n"},
    {"model m\n"
     "    input a : f32[3]\n"
     "    output a\n"
     "quantize { default : int8 }",
     "t.qdl:2:5: error: unexpected 'input' [syntax-error]\n"
     "    2 |     input a : f32[3]\n"
     "      |     ^~~~~\n"
     "  expected: `{`\n"},
    {"model", "t.qdl:1:6: error: unexpected end of the file [syntax-error]\n"
              "    1 | model\n"
              "      |      ^\n"
              "  expected: a name\n"},
    {"}", "t.qdl:1:1: error: unexpected '}' [syntax-error]\n"
          "    1 | }\n"
          "      | ^\n"
          "  expected: `model`, `block`, `quantize`, `augment` or the end of the file\n"},
    {"input a : f32[3]", "t.qdl:1:1: error: unexpected 'input' [syntax-error]\n"
                         "    1 | input a : f32[3]\n"
                         "      | ^~~~~\n"
                         "  expected: `model`, `block`, `quantize`, `augment` or the end of the file\n"},
    {"quantize { default : }", "t.qdl:1:22: error: unexpected '}' [syntax-error]\n"
                               "    1 | quantize { default : }\n"
                               "      |                      ^\n"
                               "  expected: a setting\n"},
    {"quantize { : int8 }", "t.qdl:1:12: error: unexpected ':' [syntax-error]\n"
                            "    1 | quantize { : int8 }\n"
                            "      |            ^\n"
                            "  expected: `default`, a layer's name, `numerics` or `}`\n"},
    {"quantize { numerics }", "t.qdl:1:21: error: unexpected '}' [syntax-error]\n"
                              "    1 | quantize { numerics }\n"
                              "      |                     ^\n"
                              "  expected: a value, `:` or `.`\n"},
    {"quantize { c1 = int8 }", "t.qdl:1:15: error: unexpected '=' [syntax-error]\n"
                               "    1 | quantize { c1 = int8 }\n"
                               "      |               ^\n"
                               "  expected: a value, `:` or `.`\n"},
    {"model m { a = relu(b }", "t.qdl:1:19: error: '(' is not closed [unclosed-bracket]\n"
                               "    1 | model m { a = relu(b }\n"
                               "      |                   ^\n"
                               "  t.qdl:1:22: note: ')' is expected before this\n"
                               "    1 | model m { a = relu(b }\n"
                               "      |                      ^\n"},
    {"model m {\n"
     "    a = relu(b\n"
     "    c = relu(a)\n"
     "}",
     "t.qdl:2:13: error: '(' is not closed [unclosed-bracket]\n"
     "    2 |     a = relu(b\n"
     "      |             ^\n"
     "  t.qdl:2:14: note: ')' is expected after this\n"
     "    2 |     a = relu(b\n"
     "      |              ^\n"},
    {"model m { a = f([1, 2) }", "t.qdl:1:17: error: '[' is not closed [unclosed-bracket]\n"
                                 "    1 | model m { a = f([1, 2) }\n"
                                 "      |                 ^\n"
                                 "  t.qdl:1:22: note: ']' is expected before this\n"
                                 "    1 | model m { a = f([1, 2) }\n"
                                 "      |                      ^\n"},
    {"model m {\n"
     "    output a\n"
     "quantize { default : int9 }",
     "t.qdl:1:9: error: '{' is not closed [unclosed-bracket]\n"
     "    1 | model m {\n"
     "      |         ^\n"
     "  t.qdl:2:12: note: '}' is expected after this\n"
     "    2 |     output a\n"
     "      |            ^\n"
     "t.qdl:3:22: error: weights cannot have 9 bits [setting-bits]\n"
     "    3 | quantize { default : int9 }\n"
     "      |                      ^~~~\n"
     "  expected: 1 to 8, or 16\n"},
    {"model m { output a", "t.qdl:1:9: error: '{' is not closed [unclosed-bracket]\n"
                           "    1 | model m { output a\n"
                           "      |         ^\n"
                           "  t.qdl:1:18: note: '}' is expected after this\n"
                           "    1 | model m { output a\n"
                           "      |                  ^\n"},
    {"model m { output f(a", "t.qdl:1:19: error: '(' is not closed [unclosed-bracket]\n"
                             "    1 | model m { output f(a\n"
                             "      |                   ^\n"
                             "  t.qdl:1:20: note: ')' is expected after this\n"
                             "    1 | model m { output f(a\n"
                             "      |                    ^\n"},
    {"block b(x\n"
     "{\n"
     "    return x\n"
     "}",
     "t.qdl:1:8: error: '(' is not closed [unclosed-bracket]\n"
     "    1 | block b(x\n"
     "      |        ^\n"
     "  t.qdl:2:1: note: ')' is expected before this\n"
     "    2 | {\n"
     "      | ^\n"},
    {"model m { a = f(x) @ g }", "t.qdl:1:20: error: '@' means nothing in QDL [invalid-character]\n"
                                 "    1 | model m { a = f(x) @ g }\n"
                                 "      |                    ^\n"},
    {"model m { a = f(x) -> g }",
     "t.qdl:1:20: error: an arrow of another language [invalid-character]\n"
     "    1 | model m { a = f(x) -> g }\n"
     "      |                    ^~\n"
     "  hint: results are passed on with |>\n"},
    {"model m { a = f(x) | g }", "t.qdl:1:20: error: a lone '|' [invalid-character]\n"
                                 "    1 | model m { a = f(x) | g }\n"
                                 "      |                    ^\n"
                                 "  hint: results are passed on with |>\n"},
    {"model m { a = 'b' }", "t.qdl:1:15: error: single quotes [invalid-character]\n"
                            "    1 | model m { a = 'b' }\n"
                            "      |               ^~~\n"
                            "  hint: names are quoted with \"\n"},
    {"// hello", "t.qdl:1:1: error: a comment of another language [invalid-character]\n"
                 "    1 | // hello\n"
                 "      | ^~\n"
                 "  hint: comments begin with #\n"},
    {"model m { a = conv2d(x, kernel 3\xc3\x97"
     "3) }",
     "t.qdl:1:33: error: a multiplication sign [invalid-character]\n"
     "    1 | model m { a = conv2d(x, kernel 3\xc3\x97"
     "3) }\n"
     "      |                                 ^\n"
     "  hint: sizes are written with the letter x: 3x3\n"},
    {"model gr\xc3\xb6\xc3\x9f"
     "e { }",
     "t.qdl:1:9: error: characters beyond ASCII [invalid-character]\n"
     "    1 | model gr\xc3\xb6\xc3\x9f"
     "e { }\n"
     "      |         ^~\n"
     "  hint: quote names that hold other characters\n"},
    {"model m { a = \x01\x02 }", "t.qdl:1:15: error: control characters [invalid-character]\n"
                                 "    1 | model m { a = ?? }\n"
                                 "      |               ^~\n"},
    {"model m { }\xef\xbb\xbf",
     "t.qdl:1:12: error: a byte order mark inside the text [invalid-character]\n"
     "    1 | model m { }\xef\xbb\xbf\n"
     "      |            ^\n"},
    {"model m { a = f(1.5.2, 0x10, 1e999) }",
     "t.qdl:1:17: error: '1.5.2' is not a number [invalid-number]\n"
     "    1 | model m { a = f(1.5.2, 0x10, 1e999) }\n"
     "      |                 ^~~~~\n"
     "  hint: numbers look like 3, -0.5, 1e-3 or 0x1.8p-3; names that begin with a digit are "
     "quoted\n"
     "t.qdl:1:24: error: a hexadecimal number without exponent [invalid-number]\n"
     "    1 | model m { a = f(1.5.2, 0x10, 1e999) }\n"
     "      |                        ^~~~\n"
     "  hint: write 0x1.8p-3; sizes begin at 1\n"
     "t.qdl:1:30: error: a number beyond what a double holds [number-range]\n"
     "    1 | model m { a = f(1.5.2, 0x10, 1e999) }\n"
     "      |                              ^~~~~\n"},
    {"model m { a = features.0.c }",
     "t.qdl:1:23: error: a number without digits before its point [invalid-number]\n"
     "    1 | model m { a = features.0.c }\n"
     "      |                       ^~~~\n"
     "  hint: numbers look like 0.5; names with dots are quoted: \"features.0\"\n"},
    {"model m {\x0d\n"
     "    a = \"b\x0d\n"
     "    output }",
     "t.qdl:2:9: error: a quoted name without its end [unterminated-string]\n"
     "    2 |     a = \"b\n"
     "      |         ^~\n"
     "  hint: names end at a \" on the same line\n"
     "t.qdl:3:12: error: unexpected '}' [syntax-error]\n"
     "    3 |     output }\n"
     "      |            ^\n"
     "  expected: a name, `=` or `,`\n"},
    {"model \"a\\nb\" { }", "t.qdl:1:9: error: an escape that QDL does not have [invalid-escape]\n"
                            "    1 | model \"a\\nb\" { }\n"
                            "      |         ^~\n"
                            "  hint: the escapes are \\\", \\\\ and \\x01 to \\xff\n"},
    {"model \"\" { }", "t.qdl:1:7: error: a name without characters [empty-name]\n"
                       "    1 | model \"\" { }\n"
                       "      |       ^~\n"},
    {"modle m { output a }",
     "t.qdl:1:1: error: 'modle m' is no part of a file [unknown-section]\n"
     "    1 | modle m { output a }\n"
     "      | ^~~~~\n"
     "  expected: `model NAME {`, `block NAME(\xe2\x80\xa6) {`, `quantize {` or `augment {`\n"
     "  hint: did you mean 'model'?\n"},
    {"foo bar { output }",
     "t.qdl:1:18: error: unexpected '}' [syntax-error]\n"
     "    1 | foo bar { output }\n"
     "      |                  ^\n"
     "  expected: a name, `=` or `,`\n"
     "t.qdl:1:1: error: 'foo bar' is no part of a file [unknown-section]\n"
     "    1 | foo bar { output }\n"
     "      | ^~~\n"
     "  expected: `model NAME {`, `block NAME(\xe2\x80\xa6) {`, `quantize {` or `augment {`\n"},
    {"model a { }\n"
     "model b { }",
     "t.qdl:2:1: error: a second model in one file [duplicate-section]\n"
     "    2 | model b { }\n"
     "      | ^~~~~~~~~~~\n"
     "  t.qdl:1:1: note: the first one\n"
     "    1 | model a { }\n"
     "      | ^~~~~~~~~~~\n"},
    {"quantize { }\n"
     "quantize { }",
     "t.qdl:2:1: error: a second quantize part in one file [duplicate-section]\n"
     "    2 | quantize { }\n"
     "      | ^~~~~~~~~~~~\n"
     "  t.qdl:1:1: note: the first one\n"
     "    1 | quantize { }\n"
     "      | ^~~~~~~~~~~~\n"},
    {"model m { weights nativ }",
     "t.qdl:1:19: error: `weights nativ` is no statement [unknown-word]\n"
     "    1 | model m { weights nativ }\n"
     "      |                   ^~~~~\n"
     "  expected: `weights native`\n"
     "  hint: did you mean 'native'?\n"},
    {"model m { input a : int8[3] raal [0, 1] }",
     "t.qdl:1:21: error: 'int8' is no type of an input [unknown-type]\n"
     "    1 | model m { input a : int8[3] raal [0, 1] }\n"
     "      |                     ^~~~\n"
     "  expected: `u8`, `i8`, `i16` or `f32`\n"
     "  hint: did you mean 'i8'?\n"
     "t.qdl:1:29: error: 'raal' says nothing about an input [unknown-word]\n"
     "    1 | model m { input a : int8[3] raal [0, 1] }\n"
     "      |                             ^~~~\n"
     "  expected: `real [LOW, HIGH]`, `scale S zero Z` or `layout nhwc|nchw`\n"
     "  hint: did you mean 'real'?\n"},
    {"model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }",
     "t.qdl:1:21: error: 'i7' is no type of an input [unknown-type]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                     ^~\n"
     "  expected: `u8`, `i8`, `i16` or `f32`\n"
     "  hint: did you mean 'i8'?\n"
     "t.qdl:1:32: error: `real` takes the range of real values [input-qualifier]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                                ^\n"
     "  expected: two numbers: [LOW, HIGH]\n"
     "t.qdl:1:40: error: `scale` takes a number [input-qualifier]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                                        ^\n"
     "  expected: a number above 0\n"
     "t.qdl:1:47: error: `zero` takes the code of real 0 [input-qualifier]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                                               ^~~\n"
     "  expected: a whole number of 32 bits\n"
     "t.qdl:1:58: error: `layout` takes the order of host arrays [input-qualifier]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                                                          ^~~~\n"
     "  expected: `nhwc` or `nchw`\n"
     "t.qdl:1:27: error: both a real range and a scale [input-qualifier]\n"
     "    1 | model m { input a : i7[3] real 5 scale x zero 1.5 layout nhcw }\n"
     "      |                           ^~~~~~~~~~~~~~~~~~~~~~~\n"
     "  expected: one of them\n"},
    {"model m { input a : i8[3] real [0, 1] real [0, 1] scale 1 }",
     "t.qdl:1:39: error: a second `real` [input-qualifier]\n"
     "    1 | model m { input a : i8[3] real [0, 1] real [0, 1] scale 1 }\n"
     "      |                                       ^~~~\n"
     "  t.qdl:1:27: note: the first one\n"
     "    1 | model m { input a : i8[3] real [0, 1] real [0, 1] scale 1 }\n"
     "      |                           ^~~~\n"
     "t.qdl:1:27: error: both a real range and a scale [input-qualifier]\n"
     "    1 | model m { input a : i8[3] real [0, 1] real [0, 1] scale 1 }\n"
     "      |                           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
     "  expected: one of them\n"},
    {"model m { input a : i8[3] zero 1 }",
     "t.qdl:1:27: error: `zero` without `scale` [input-qualifier]\n"
     "    1 | model m { input a : i8[3] zero 1 }\n"
     "      |                           ^~~~\n"
     "  expected: `scale S zero Z`\n"},
};

enum { N_MESSAGES = sizeof messages / sizeof *messages };

static void messages_are_exact(void **state)
{
    (void)state;
    for (int i = 0; i < N_MESSAGES; i++) {
        qctx *ctx = qctx_new();
        assert_null(qdl_text(ctx, messages[i].text));
        assert_string_equal(all_messages(ctx), messages[i].printed);
        qctx_free(ctx);
    }
}

static void zero_bytes_are_characters_of_no_meaning(void **state)
{
    qctx *ctx = *state;
    static const char text[] = "model m { a = f(\0) }\nmodel \"b\0\" { }";
    assert_null(qdl_bytes(ctx, text, sizeof text - 1));
    const char *printed = all_messages(ctx);
    assert_non_null(strstr(printed, "t.qdl:1:17: error: control characters [invalid-character]\n"
                                    "    1 | model m { a = f(?) }\n"
                                    "      |                 ^\n"));
    assert_non_null(strstr(printed, "t.qdl:2:7: error: a quoted name without its end"));
}

static void nesting_has_a_limit(void **state)
{
    qctx *ctx = *state;
    char text[1200] = "model m { a = ";
    for (int i = 0; i < 100; i++)
        strcat(text, "f(");
    assert_null(qdl_text(ctx, text));
    assert_int_equal(diag_count(ctx), 1);
    assert_non_null(
        strstr(all_messages(ctx),
               "t.qdl:1:142: error: more than 64 brackets inside one another [nesting]\n"));
}

static void chains_have_a_limit(void **state)
{
    qctx *ctx = *state;
    char text[4000] = "model m { a = x";
    for (int i = 0; i < 600; i++)
        strcat(text, "|>f");
    assert_null(qdl_text(ctx, text));
    assert_int_equal(diag_count(ctx), 1);
    const char *printed = all_messages(ctx);
    assert_non_null(
        strstr(printed, "error: more than 500 calls inside or behind one another [nesting]\n"));
    assert_non_null(strstr(printed, "hint: give names to intermediate results\n"));
}

static void sources_have_a_limit(void **state)
{
    qctx *ctx = *state;
    source src = {"big.qdl", "", (size_t)(4 << 20) + 1};
    assert_null(qdl_parse(ctx, &src));
    assert_string_equal(all_messages(ctx),
                        "big.qdl: error: more than 4 MiB of QDL [source-size]\n");
}

/* One error a statement, and the statements between are read: their own errors would show. */
static void one_run_finds_many_errors(void **state)
{
    qctx *ctx = *state;
    static const char text[] = "block b(x) {\n"
                               "    y = f(x,, 3)\n"
                               "    z = g(x)\n"
                               "    w = h(x\n"
                               "    return z\n"
                               "}\n"
                               "model m {\n"
                               "    input x : u7[3]\n"
                               "    a = b(x) 5 |> (relu)\n"
                               "    c = f(a, [1, 2, = 3], k [1,, 2], 4) |> g(4 5)\n"
                               "    d = f(h(a, = relu(x), 3) |> relu(z), 3); e e; output d\n"
                               "    output\n"
                               "}\n"
                               "quantize {\n"
                               "    d : int9\n"
                               "    e int8\n"
                               "    f.weight : int8 per\n"
                               "}\n";
    static const char *const places[] = {"2:13",  "4:10",  "8:15",  "9:14",  "10:21",
                                         "10:32", "10:48", "11:16", "11:48", "12:11",
                                         "15:9",  "16:5",  "17:21"};
    enum { N = sizeof places / sizeof *places };
    assert_null(qdl_text(ctx, text));
    const char *printed = all_messages(ctx);
    if (diag_count(ctx) != N)
        fail_msg("%d messages:\n%s", diag_count(ctx), printed);
    for (int i = 0; i < N; i++) {
        int line, col;
        loc_line_col(diag_get(ctx, i)->loc, &line, &col);
        assert_string_equal(arena_printf(ctx->a, "%d:%d", line, col), places[i]);
    }
}

/* A text of nothing but errors is given up; 20 are kept. */
static void errors_have_a_limit(void **state)
{
    qctx *ctx = *state;
    char text[3000] = "model m {\n";
    for (int i = 0; i < 400; i++)
        strcat(text, "a b c\n");
    assert_null(qdl_text(ctx, text));
    assert_int_equal(diag_count(ctx), 20);
    assert_int_equal(diag_errors(ctx), 100);
}

/* Every row of diag.def between the two ends is in the table above or in a test of its own. */
static void every_diagnostic_is_tested(void **state)
{
    (void)state;
    static const diag_id own[] = {D_NESTING, D_SOURCE_SIZE};
    for (int id = D_SYNTAX; id < D_UNKNOWN_SETTING; id++) {
        char slug[80];
        snprintf(slug, sizeof slug, " [%s]\n", diag_slug((diag_id)id));
        bool found = id == (int)own[0] || id == (int)own[1];
        for (int i = 0; i < N_MESSAGES && !found; i++)
            found = strstr(messages[i].printed, slug) != NULL;
        if (!found)
            fail_msg("no test of%s", slug);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, qdl_setup, qdl_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_are_exact),   TEST(zero_bytes_are_characters_of_no_meaning),
        TEST(nesting_has_a_limit),  TEST(chains_have_a_limit),
        TEST(sources_have_a_limit), TEST(one_run_finds_many_errors),
        TEST(errors_have_a_limit),  TEST(every_diagnostic_is_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
