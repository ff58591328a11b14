import java.io.*;
import java.net.*;
import java.net.http.*;

class Reach {
    public static void main(String[] args) throws Exception {
        String way = args[0], host = args[1];
        int port = Integer.parseInt(args[2]);
        if (way.equals("http-client")) {
            var request = HttpRequest.newBuilder(URI.create("http://" + host + ":" + port + "/")).build();
            System.out.print(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
            return;
        }
        try (var socket = new Socket(host, port)) {
            socket.getOutputStream().write(("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n").getBytes());
            var answer = new String(socket.getInputStream().readAllBytes());
            System.out.print(answer.substring(answer.indexOf("\r\n\r\n") + 4));
        }
    }
}
