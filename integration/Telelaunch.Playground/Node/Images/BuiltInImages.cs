using System.Security.Cryptography;
using System.Text;
using Telelaunch.Playground.Node.Containers;

namespace Telelaunch.Playground.Node.Images;

// These have no files of their own: a container sees the host's root directory, under a layer of its own which takes every write, so that nothing is
// downloaded and the servers are real. Names, users, ports, environment and commands are those of the images on Docker Hub, so that the same manifests
// run on any cluster. Any tag is accepted; the version is the host's.

/// <summary>Images that run the host's programs.</summary>
internal static class BuiltInImages
{
    private static readonly string[] SystemDirectories =
        ["bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "sbin", "srv", "sys", "usr", "var"];

    // The host's own business, which a container of such an image doesn't get to see.
    private static readonly string[] Hidden =
    [
        .. Directory.EnumerateDirectories("/").Where(d => !SystemDirectories.Contains(System.IO.Path.GetFileName(d)) && new DirectoryInfo(d).LinkTarget is null),
        "/var/tmp", "/var/log", "/var/cache",
    ];

    private const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly Dictionary<string, Func<ContainerImage, ContainerImage?>> Recipes = new()
    {
        ["docker.io/library/nginx"] = Nginx,
        ["docker.io/nginxinc/nginx-unprivileged"] = NginxUnprivileged,
        ["docker.io/library/postgres"] = Postgres,
        ["docker.io/library/redis"] = Redis,
        ["docker.io/library/python"] = image => Needs("/usr/bin/python3", Python(image)),
        ["docker.io/library/busybox"] = image => image with { Command = ["sh"] },
        ["docker.io/library/debian"] = image => image with { Command = ["bash"] },
        ["docker.io/library/alpine"] = image => image with { Command = ["/bin/sh"] },
        ["docker.io/alpine/socat"] = image => Needs("/usr/bin/socat", image with { Entrypoint = ["socat"] }),
    };

    /// <summary>Repositories with a recipe.</summary>
    public static IEnumerable<string> Repositories => Recipes.Keys;

    /// <summary>The image of that name, or null if there is none or the host lacks its program.</summary>
    public static ContainerImage? Find(string normalized)
    {
        if (!Recipes.TryGetValue(ImageReference.Repository(normalized), out var recipe))
            return null;
        var id = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(normalized)));
        return recipe(new(normalized, id, "/")
        {
            Environment = [new("PATH", Path)],
            EmptyDirectories = Hidden,
            Files = Users("www-data", 33),
        });
    }

    private static ContainerImage? Needs(string program, ContainerImage image) => File.Exists(program) ? image : null;

    // /usr/bin/python3 whatever else the host calls python3.
    private static ContainerImage Python(ContainerImage image) => image with
    {
        Command = ["python3"],
        Files = With(image.Files, ("/usr/local/bin/python3", "#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n"), ("/usr/local/bin/python", "#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n")),
    };

    private static ContainerImage? Nginx(ContainerImage image) => Needs("/usr/sbin/nginx", image with
    {
        Entrypoint = ["/docker-entrypoint.sh"],
        Command = ["nginx", "-g", "daemon off;"],
        StopSignal = "SIGQUIT",
        Files = With(Users("nginx", 101), NginxFiles("/run/nginx.pid", 80, "user nginx;\n")),
        EmptyDirectories = [.. Hidden, "/var/lib/nginx", "/usr/share/nginx/html", "/etc/nginx/conf.d"],
    });

    private static ContainerImage? NginxUnprivileged(ContainerImage image) => Needs("/usr/sbin/nginx", image with
    {
        Entrypoint = ["/docker-entrypoint.sh"],
        Command = ["nginx", "-g", "daemon off;"],
        StopSignal = "SIGQUIT",
        User = "101",
        Files = With(Users("nginx", 101), NginxFiles("/tmp/nginx.pid", 8080, "")),
        EmptyDirectories = [.. Hidden, "/var/lib/nginx", "/usr/share/nginx/html", "/etc/nginx/conf.d"],
    });

    private static (string, string)[] NginxFiles(string pidFile, int port, string user) =>
    [
        ("/docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n"),
        ("/etc/nginx/nginx.conf",
            $$"""
            {{user}}worker_processes 1;
            error_log /dev/stderr notice;
            pid {{pidFile}};
            events { worker_connections 1024; }
            http {
                include /etc/nginx/mime.types;
                default_type application/octet-stream;
                access_log /dev/stdout;
                sendfile on;
                client_body_temp_path /tmp/client_temp;
                proxy_temp_path /tmp/proxy_temp;
                fastcgi_temp_path /tmp/fastcgi_temp;
                uwsgi_temp_path /tmp/uwsgi_temp;
                scgi_temp_path /tmp/scgi_temp;
                include /etc/nginx/conf.d/*.conf;
            }

            """),
        ("/etc/nginx/conf.d/default.conf",
            $$"""
            server {
                listen {{port}};
                server_name localhost;
                location / {
                    root /usr/share/nginx/html;
                    index index.html index.htm;
                }
            }

            """),
        ("/usr/share/nginx/html/index.html", "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n"),
    ];

    private static ContainerImage? Postgres(ContainerImage image)
    {
        if (!Directory.Exists("/usr/lib/postgresql"))
            return null;
        var newest = Directory.EnumerateDirectories("/usr/lib/postgresql").Where(d => File.Exists(d + "/bin/postgres"))
            .OrderBy(d => int.TryParse(System.IO.Path.GetFileName(d), out var version) ? version : 0).LastOrDefault();
        return newest is null ? null : image with
        {
            Entrypoint = ["docker-entrypoint.sh"],
            Command = ["postgres"],
            StopSignal = "SIGINT",
            Environment = [new("PATH", $"{newest}/bin:{Path}"), new("PGDATA", "/var/lib/postgresql/data")],
            Files = With(Users("postgres", 999), ("/usr/local/bin/docker-entrypoint.sh", PostgresEntrypoint)),
            EmptyDirectories = [.. Hidden, "/var/lib/postgresql", "/docker-entrypoint-initdb.d", "/etc/postgresql"],
            OwnedDirectories = new Dictionary<string, int> { ["/var/lib/postgresql"] = 999, ["/run/postgresql"] = 999 },
        };
    }

    private static ContainerImage? Redis(ContainerImage image) => Needs("/usr/bin/redis-server", image with
    {
        Entrypoint = ["docker-entrypoint.sh"],
        Command = ["redis-server"],
        WorkingDirectory = "/data",
        Files = With(Users("redis", 999), ("/usr/local/bin/docker-entrypoint.sh", RedisEntrypoint)),
        EmptyDirectories = [.. Hidden, "/data", "/var/lib/redis"],
        OwnedDirectories = new Dictionary<string, int> { ["/data"] = 999 },
    });

    private static Dictionary<string, string> Users(string name, int id) => new()
    {
        ["/etc/passwd"] = $"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n{name}:x:{id}:{id}:{name}:/nonexistent:/bin/sh\n",
        ["/etc/group"] = $"root:x:0:\nnogroup:x:65534:\ntty:x:5:\n{name}:x:{id}:\n",
        ["/etc/hosts"] = "",
        ["/etc/hostname"] = "",
        ["/etc/resolv.conf"] = "",
        ["/etc/ld.so.preload"] = "",
    };

    private static Dictionary<string, string> With(IReadOnlyDictionary<string, string> files, params ReadOnlySpan<(string Path, string Content)> more)
    {
        var all = new Dictionary<string, string>(files);
        foreach (var (path, content) in more)
            all[path] = content;
        return all;
    }

    // POSTGRES_PASSWORD, _USER, _DB, _HOST_AUTH_METHOD, _INITDB_ARGS, their _FILE forms for the first three, PGDATA, /docker-entrypoint-initdb.d.
    private const string PostgresEntrypoint =
        """
        #!/bin/sh
        set -e
        [ "${1#-}" = "$1" ] || set -- postgres "$@"
        [ "$1" = postgres ] || exec "$@"
        mkdir -p "$PGDATA"
        chmod 700 "$PGDATA" 2> /dev/null || :
        if [ "$(id -u)" = 0 ]; then
            chown -R postgres:postgres "$PGDATA" /var/run/postgresql
            exec setpriv --reuid postgres --regid postgres --clear-groups -- "$0" "$@"
        fi
        from_file() { eval "file=\${$1_FILE:-}"; [ -z "$file" ] || eval "$1=\$(cat \"$file\")"; }
        from_file POSTGRES_PASSWORD; from_file POSTGRES_USER; from_file POSTGRES_DB
        user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}} method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
        if [ ! -s "$PGDATA/PG_VERSION" ]; then
            if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
                echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
                echo '       You must specify POSTGRES_PASSWORD to a non-empty value for the' >&2
                echo '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".' >&2
                exit 1
            fi
            password=$(mktemp)
            printf '%s\n' "${POSTGRES_PASSWORD:-none}" > "$password"
            initdb --username="$user" --pwfile="$password" --no-sync $POSTGRES_INITDB_ARGS
            rm "$password"
            printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
            pg_ctl -D "$PGDATA" -o "-c listen_addresses= -c unix_socket_directories=/tmp -p 5432" -w start
            sql() { PGPASSWORD=$POSTGRES_PASSWORD psql -v ON_ERROR_STOP=1 --no-psqlrc -h /tmp -U "$user" "$@"; }
            [ "$database" = postgres ] || sql -d postgres -c "CREATE DATABASE \"$database\""
            for file in /docker-entrypoint-initdb.d/*; do
                case $file in
                    *.sh) . "$file" ;;
                    *.sql) sql -d "$database" -f "$file" ;;
                    *.sql.gz) gunzip -c "$file" | sql -d "$database" ;;
                esac
            done
            pg_ctl -D "$PGDATA" -m fast -w stop
            echo 'PostgreSQL init process complete; ready for start up.'
        fi
        shift
        exec postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql,/tmp "$@"

        """;

    private const string RedisEntrypoint =
        """
        #!/bin/sh
        set -e
        case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
        if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
            chown redis . 2> /dev/null || :
            exec setpriv --reuid redis --regid redis --clear-groups -- "$0" "$@"
        fi
        if [ "$1" = redis-server ]; then
            shift
            exec redis-server --protected-mode no "$@"
        fi
        exec "$@"

        """;
}
