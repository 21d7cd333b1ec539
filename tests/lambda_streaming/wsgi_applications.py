"""Applications as the frameworks' documentation shows them, with all that streams or fails."""

import io
import json

import bottle
import flask
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from tests.lambda_streaming.django_site import configure

LINES = ["one\n", "two\n", "three\n"]
BINARY = bytes(range(256)) * 400


def flask_app(folder):
    app = flask.Flask("shop", root_path=str(folder), static_folder=str(folder))
    app.secret_key = "not a secret"
    app.config["PROPAGATE_EXCEPTIONS"] = False

    for add_routes in (_flask_hooks, _flask_bodies, _flask_files, _flask_requests):
        add_routes(app, folder)
    return app


def _flask_hooks(app, _):
    @app.before_request
    def before():
        flask.g.happened = ["before"]

    @app.after_request
    def after(response):
        response.headers.add("X-After", ",".join(flask.g.happened))
        return response

    @app.teardown_request
    def teardown(error):
        flask.g.happened.append("teardown")


def _flask_bodies(app, _):
    @app.get("/stream")
    def stream():
        @flask.stream_with_context
        def rows():
            for line in LINES:
                yield f"{flask.request.args.get('q', '')}{line}"

        return app.response_class(rows(), mimetype="text/csv")

    @app.get("/breaks")
    def breaks():
        def rows():
            yield "one\n"
            raise KeyError("midway")

        return rows(), {"Content-Type": "text/plain"}

    @app.get("/fails")
    def fails():
        raise KeyError("before")

    @app.get("/first-piece-fails")
    def first_piece_fails():
        def rows():
            raise KeyError("in the first piece")
            yield ""

        return app.response_class(rows())

    @app.get("/teapot")
    def teapot():
        flask.abort(418)


def _flask_files(app, folder):
    @app.get("/file")
    def file():
        return flask.send_file(io.BytesIO(BINARY), download_name="all.bin", conditional=True)

    @app.get("/file-on-disk")
    def file_on_disk():
        return flask.send_from_directory(folder, "page.html")


def _flask_requests(app, _):
    @app.get("/login")
    def login():
        flask.session["user"] = "alice"
        flask.session.permanent = False
        response = flask.redirect(flask.url_for("who", name="é", _external=False))
        response.set_cookie("theme", 'dark; or "light"', path="/")
        response.set_cookie("lang", "de", max_age=9, httponly=True, samesite="Lax")
        response.headers.pop("X-Nothing", None)
        return response

    @app.get("/who/<name>")
    def who(name):
        return {
            "name": name,
            "cookies": flask.request.cookies.to_dict(flat=False),
            "user": flask.session.get("user"),
            "url": flask.request.url,
            "host": flask.request.host_url,
        }

    @app.route("/upload", methods=["POST", "PUT", "PATCH"])
    def upload():
        files = {name: len(each.read()) for name, each in flask.request.files.items()}
        return {
            "form": flask.request.form.to_dict(flat=False),
            "files": files,
            "json": flask.request.get_json(silent=True),
            "length": flask.request.content_length,
            "data": flask.request.get_data().hex(),
        }

    @app.delete("/thing")
    def thing():
        return "", 204

    @app.get("/etag")
    def etag():
        response = flask.make_response("same as ever")
        response.set_etag("abc")
        return response.make_conditional(flask.request)


def _django_stream(request):
    return StreamingHttpResponse((line for line in LINES), content_type="text/plain")


def _django_breaks(request):
    def rows():
        yield "one\n"
        raise KeyError("midway")

    return StreamingHttpResponse(rows())


def _django_fails(request):
    raise KeyError("before")


def _django_file(request):
    return FileResponse(io.BytesIO(BINARY), filename="all.bin", as_attachment=True)


def _django_file_on_disk(request, name):
    return FileResponse((settings.FOLDER / name).open("rb"))


def _django_cookies(request):
    response = HttpResponse("cookies", status=201)
    response.set_cookie("a", request.COOKIES.get("a", "none"))
    response.set_cookie("b", "2", httponly=True)
    response["X-Path"] = json.dumps([request.path, request.path_info, request.get_full_path()])
    return response


def _django_upload(request):
    return JsonResponse(
        {
            "post": {name: request.POST.getlist(name) for name in request.POST},
            "files": {name: each.size for name, each in request.FILES.items()},
            "body": None if request.FILES else len(request.body),
            "query": {name: request.GET.getlist(name) for name in request.GET},
        }
    )


django_routes = [
    path("stream", _django_stream),
    path("breaks", _django_breaks),
    path("fails", _django_fails),
    path("file", _django_file),
    path("disk/<str:name>", _django_file_on_disk),
    path("cookies/<path:rest>", lambda request, rest: _django_cookies(request)),
    path("upload", _django_upload),
    path("here/", lambda request: HttpResponse("here")),
]


def django_app(folder):
    configure()
    settings.FOLDER = folder
    return WSGIHandler()


def bottle_app(folder):
    app = bottle.Bottle()
    app.catchall = True

    @app.get("/stream")
    def stream():
        bottle.response.content_type = "text/plain; charset=utf-8"
        yield from LINES

    @app.get("/breaks")
    def breaks():
        yield "one\n"
        raise KeyError("midway")

    @app.get("/fails")
    def fails():
        raise KeyError("before")

    @app.get("/static/<name:path>")
    def static(name):
        return bottle.static_file(name, root=str(folder))

    @app.get("/cookies")
    def cookies():
        bottle.response.set_cookie("a", "1")
        bottle.response.set_cookie("b", "2")
        return {"cookies": dict(bottle.request.cookies), "url": bottle.request.url}

    @app.get("/redirect")
    def redirect():
        bottle.redirect("/cookies")

    @app.post("/upload")
    def upload():
        return {
            "forms": dict(bottle.request.forms),
            "files": {name: len(each.file.read()) for name, each in bottle.request.files.items()},
        }

    return app
