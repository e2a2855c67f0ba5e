/* pipeline.c - the list of passes, read top to bottom. */
#include "compiler/pipeline.h"

#include <string.h>

#include "compiler/base/file.h"
#include "compiler/base/sha256.h"

/* The graph is checked after every pass and shown where it was asked for (--dump=PASS). */
static bool after(qctx *ctx, const ir_graph *g, const char *pass)
{
    if (!g || !ir_verify(ctx, g, pass))
        return false;
    if (ctx->dump) {
        buf b;
        buf_init(&b, ctx->a);
        ir_print(g, &b);
        ctx->dump(ctx->dump_user, pass, buf_str(&b));
    }
    return true;
}

const char *const pipeline_passes[] = {"lower", "fold_bn",  "fuse",     "equalize", "choose",
                                       "refine", "legalize", "lean",  NULL};

static bool add_quant_file(qctx *ctx, net *n, const char *path)
{
    const source *src = file_read_text(ctx, path);
    ast_file *f = src ? qdl_parse(ctx, src) : NULL;
    if (!f)
        return false;
    if (f->has_model || !f->has_quantize) {
        diag_add(ctx, D_QUANT_FILE, loc_file(src), "not a file with a quantize part alone");
        diag_expected(ctx, "`quantize { … }` and nothing else");
        return false;
    }
    for (int i = 0; i < f->spec->rules.n; i++)
        *VEC_PUSH(ctx->a, &n->spec->rules) = f->spec->rules.v[i];
    if (f->spec->has_numerics) {
        n->spec->has_numerics = true;
        n->spec->numerics = f->spec->numerics;
        n->spec->numerics_loc = f->spec->numerics_loc;
    }
    return true;
}

/* The quantize part of the model, then --quant files, then single options, each winning over what
 * came before. */
static bool gather_spec(qctx *ctx, net *n, const net_options *o)
{
    bool ok = true;
    n->spec = n->file->spec;
    if (o->quant_file)
        ok = add_quant_file(ctx, n, o->quant_file);
    for (int i = 0; i < o->settings.n; i++)
        ok &= spec_option(ctx, n->spec, o->settings.v[i].which, o->settings.v[i].text);
    return ok && sema_check_spec(ctx, n->lowered, n->spec);
}

bool net_set(qctx *ctx, net *n, const char *which, const char *text)
{
    return spec_option(ctx, n->spec, which, text) && sema_check_spec(ctx, n->lowered, n->spec);
}

/* SHA-256 over the bytes of the .qdl, then of the weights: what the header comment calls the
 * original files. */
static const char *files_sha256(qctx *ctx, const source *qdl, const source *weights)
{
    sha256 s;
    sha256_init(&s);
    sha256_update(&s, qdl->text, qdl->len);
    if (weights)
        sha256_update(&s, weights->text, weights->len);
    char *hex = arena_alloc(ctx->a, 65);
    sha256_hex(&s, hex);
    return hex;
}

static int64_t parameter_count(qctx *ctx, const ir_graph *g)
{
    weight_slot *slots;
    int n = weight_slots(ctx, g, &slots);
    int64_t count = 0;
    for (int i = 0; i < n; i++)
        count += ir_elems(&slots[i].torch_shape);
    return count;
}

static bool load_float(qctx *ctx, net *n, const tensor_file *weights, const net_options *o)
{
    if (!weights_bind(ctx, n->lowered, weights, o->allow_extra) || !after(ctx, n->lowered, "lower"))
        return false;
    n->floating = ir_clone(ctx, n->lowered);
    ir_remove_unused(ctx, n->floating);
    pass_dropout(ctx, n->floating);
    return pass_fold_bn(ctx, n->floating) && after(ctx, n->floating, "fold_bn") &&
           pass_fuse(ctx, n->floating) && after(ctx, n->floating, "fuse");
}

static bool load_quantized(qctx *ctx, net *n, const tensor_file *weights)
{
    n->quantized = load_saved(ctx, n->lowered, n->spec, weights);
    if (!after(ctx, n->quantized, "choose"))
        return false;
    n->floating = dequantized_float(ctx, n->quantized);
    n->prepared = n->floating;
    return after(ctx, n->floating, "fuse");
}

/* The net of a .qdl, without weights. */
static net *load_model(qctx *ctx, const source *src, const net_options *o)
{
    net *n = ARENA_NEW(ctx->a, net);
    bool sound = false;
    n->file = src ? qdl_parse_tree(ctx, src, &sound) : NULL;
    if (!n->file)
        return NULL;
    if (!n->file->has_model) {
        diag_add(ctx, D_NO_MODEL, loc_file(src), "the file has no model");
        diag_expected(ctx, "`model NAME { input … output … }`");
        return NULL;
    }
    n->saved = n->file->spec->saved;
    n->lowered = sema_lower(ctx, n->file);
    return n->lowered && gather_spec(ctx, n, o) && sound ? n : NULL;
}

static net *load_weights(qctx *ctx, net *n, const tensor_file *weights, const net_options *o)
{
    if (!weights)
        return NULL;
    n->lowered->source_sha256 =
        n->saved ? n->spec->source_sha256 : files_sha256(ctx, n->file->src, weights->src);
    bool ok = n->saved ? load_quantized(ctx, n, weights) : load_float(ctx, n, weights, o);
    return ok ? n : NULL;
}

imported *net_import(qctx *ctx, const char *path, const char *name, const net_options *o)
{
    import_options i = {.layout = o->layout};
    if (o->binds.n && !import_binds(ctx, path))
        return NULL;
    for (int k = 0; k < o->binds.n; k++)
        if (!import_bind(ctx, o->binds.v[k], &i))
            return NULL;
    for (int k = 0; k < o->settings.n; k++) {
        for (int mode = IR_NUM_Q32; mode <= IR_NUM_ONNX; mode++) {
            if (strcmp(o->settings.v[k].which, "numerics") != 0 ||
                strcmp(o->settings.v[k].text, ir_numerics_name((ir_numerics)mode)) != 0)
                continue;
            i.has_numerics = true;
            i.numerics = (ir_numerics)mode;
        }
    }
    return import_model(ctx, path, name, &i);
}

net *net_load_imported(qctx *ctx, const imported *pair, const net_options *o)
{
    net *n = pair ? load_model(ctx, pair->qdl, o) : NULL;
    return n ? load_weights(ctx, n, tensor_file_parse(ctx, pair->weights, -1), o) : NULL;
}

net *net_load(qctx *ctx, const char *qdl_path, const char *weights_path, const net_options *o)
{
    if (import_takes(qdl_path))
        return net_load_imported(
            ctx, net_import(ctx, qdl_path, import_model_name(ctx, qdl_path), o), o);
    if (o->binds.n && !import_binds(ctx, qdl_path))
        return NULL;
    net *n = load_model(ctx, file_read_text(ctx, qdl_path), o);
    if (!n || !weights_path)
        return n;
    int64_t raw = n->saved ? -1 : parameter_count(ctx, n->lowered);
    return load_weights(ctx, n, tensor_file_read(ctx, weights_path, raw), o);
}

bool net_data(qctx *ctx, const ir_graph *g, const char *files, const net_options *o, port_map **ports)
{
    port_map *maps = ARENA_ARRAY(ctx->a, port_map, g->inputs.n);
    char *list = arena_strdup(ctx->a, files);
    for (int i = 0; i < g->inputs.n; i++) {
        char *comma = g->inputs.n > 1 ? strchr(list, ',') : NULL;
        if (comma)
            *comma = '\0';
        dataset *d = dataset_read(ctx, list, false);
        if (!d)
            return false;
        d->codes = d->codes || (o->codes && d->format == DF_CSV);
        if (!port_map_make(ctx, g->inputs.v[i], d, o->layout ? o->layout : g->layout, &maps[i]))
            return false;
        if (!comma && i + 1 < g->inputs.n) {
            diag_add(ctx, D_DATA_PORTS, loc_none(), "the model has %d inputs, the data %d file%s",
                     g->inputs.n, i + 1, i ? "s" : "");
            diag_hint(ctx, "give one file for each input, separated by commas");
            return false;
        }
        list = comma ? comma + 1 : list;
    }
    *ports = maps;
    return true;
}

bool net_ports(qctx *ctx, const net *n, const net_options *o, port_map **ports)
{
    *ports = NULL;
    return !o->calibrate || net_data(ctx, n->floating, o->calibrate, o, ports);
}

bool net_calibrate_ports(qctx *ctx, net *n, const port_map *ports)
{
    n->prepared = equalize(ctx, n->floating, n->spec);
    n->ranges = ARENA_ARRAY(ctx->a, act_range, n->prepared->tensors.n);
    return after(ctx, n->prepared, "equalize") &&
           calibrate(ctx, n->prepared, n->spec, ports, n->ranges);
}

bool net_calibrate(qctx *ctx, net *n, const net_options *o)
{
    port_map *ports;
    return net_ports(ctx, n, o, &ports) && net_calibrate_ports(ctx, n, ports);
}

static bool make_legal(qctx *ctx, net *n, bool strict_acc32)
{
    n->legal = ir_clone(ctx, n->quantized);
    if (!legalize(ctx, n->legal, n->legal->numerics) || !prove_bounds(ctx, n->legal, strict_acc32) ||
        !after(ctx, n->legal, "legalize"))
        return false;
    n->legal->lean = lean_graph(ctx, n->legal, 1);
    return !n->legal->lean || after(ctx, n->legal->lean, "lean");
}

bool net_choose(qctx *ctx, net *n, const port_map *ports, bool strict_acc32)
{
    n->rounding.n = 0;
    n->quantized = choose_quantization(ctx, n->prepared, n->spec, n->ranges);
    if (!after(ctx, n->quantized, "choose") ||
        !refine_rounding(ctx, n->prepared, n->quantized, n->spec, ports, &n->rounding))
        return false;
    return after(ctx, n->quantized, "refine") && make_legal(ctx, n, strict_acc32);
}

bool net_quantize_ports(qctx *ctx, net *n, const port_map *ports, bool strict_acc32)
{
    return net_calibrate_ports(ctx, n, ports) && net_choose(ctx, n, ports, strict_acc32);
}

bool net_quantize(qctx *ctx, net *n, const net_options *o)
{
    if (n->saved && (o->calibrate || o->seed_given)) {
        const char *option = o->calibrate ? "calibrate" : "seed";
        diag_add(ctx, D_SAVED_OPTION, loc_file(n->file->src),
                 "a saved pair is quantized already: --%s would change it", option);
        diag_hint(ctx, "quantize the original model with --%s and save it again", option);
        return false;
    }
    if (n->saved)
        return make_legal(ctx, n, o->strict_acc32);
    port_map *ports;
    return net_ports(ctx, n, o, &ports) &&
           net_quantize_ports(ctx, n, ports, o->strict_acc32);
}
