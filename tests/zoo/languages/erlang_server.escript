%% A TLS server on Erlang's ssl application, for the zoo: erlang_server.escript CHAIN KEY VERIFY CLIENT_CA,
%% where VERIFY is none, optional or required. Everything else is the default of OTP. Without arguments it
%% lists OTP's default cipher suites of each version.
main([]) ->
    [io:format("~s ~s~n", [Version, Suite])
     || Version <- ['tlsv1', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'], Suite <- ssl:cipher_suites(default, Version, rfc)];
main([Chain, Key, Verify, ClientCa]) ->
    {ok, _} = application:ensure_all_started(ssl),
    Options = [{certfile, Chain}, {keyfile, Key}, {ip, {127, 0, 0, 1}}, {backlog, 512},
               {reuseaddr, true}, {log_level, none} | verification(Verify, ClientCa)],
    {ok, Listener} = ssl:listen(0, Options),
    {ok, {_, Port}} = ssl:sockname(Listener),
    io:format("listening on ~b~n", [Port]),
    accept(Listener).

verification("none", _) -> [{verify, verify_none}];
verification("optional", ClientCa) -> [{verify, verify_peer}, {cacertfile, ClientCa}];
verification("required", ClientCa) ->
    [{verify, verify_peer}, {cacertfile, ClientCa}, {fail_if_no_peer_cert, true}].

accept(Listener) ->
    {ok, Socket} = ssl:transport_accept(Listener),
    Server = spawn(fun() -> receive go -> serve(ssl:handshake(Socket, 60000)) end end),
    ok = ssl:controlling_process(Socket, Server),
    Server ! go,
    accept(Listener).

serve({ok, Socket}) ->
    _ = ssl:recv(Socket, 0, 60000),
    ssl:close(Socket);
serve({error, _}) -> ok.
